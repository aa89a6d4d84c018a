/* The list of detectors: the one line that adds a detector stands here, and its
 * code in analyzer/detectors/<name>.c. Names, default thresholds, and help
 * reach the engine, the settings table, the API and the page from this list.
 *
 *   X(name, default threshold of its vote, in its own statistic's unit, help)
 */
#ifndef RIDGELINE_DETECTORS_H
#define RIDGELINE_DETECTORS_H

#define DETECTORS(X)                                                                              \
    X(three_sigma, 3.0, "distance from the mean of the last hour, in standard deviations")        \
    X(median, 4.5, "distance from the median of the previous 10 points, in robust scales")        \
    X(holt_winters, 4.5, "one-step error of the damped Holt-Winters forecast, in robust scales")  \
    X(linear_regression, 4.5, "distance from the line through the last 60 points, in robust scales") \
    X(seasonal, 4.5, "distance from the profile of the day or week, in robust scales")                 \
    X(seasonal_mean, 4.5, "mean distance from the profile over 10 points, in robust scales")            \
    X(slow, 4.5, "mean distance from the profile over 30 minutes, in robust scales")

#define DETECTORS_ENUM(name, threshold, help) DETECTOR_##name,
enum detector_index { DETECTORS(DETECTORS_ENUM) DETECTOR_COUNT };
#undef DETECTORS_ENUM

/* The nine algorithms of Etsy's Skyline, which judge where a rule says ensemble = "skyline": the code of each
 * stands in analyzer/skyline/<name>.c, with its fixed threshold.
 *
 *   X(name) */
#define SKYLINE_ALGORITHMS(X)      \
    X(first_hour_average)          \
    X(stddev_from_average)         \
    X(stddev_from_moving_average)  \
    X(mean_subtraction_cumulation) \
    X(least_squares)               \
    X(histogram_bins)              \
    X(grubbs)                      \
    X(ks_test)                     \
    X(median_absolute_deviation)

#define SKYLINE_ENUM(name) SKYLINE_##name,
enum skyline_index { SKYLINE_ALGORITHMS(SKYLINE_ENUM) SKYLINE_COUNT };
#undef SKYLINE_ENUM

#endif
