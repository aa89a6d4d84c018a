/* The words of the API for what the engine says. */
#include "ridgeline/engine.h"

const char *engine_state_name(enum engine_state s)
{
    switch (s) {
    case ENGINE_WARMING_UP:
        return "WARMING_UP";
    case ENGINE_NORMAL:
        return "NORMAL";
    case ENGINE_ANOMALOUS:
        return "ANOMALOUS";
    case ENGINE_STALE:
        return "STALE";
    case ENGINE_FLAT:
        return "FLAT";
    case ENGINE_DROPOUT:
        return "DROPOUT";
    case ENGINE_DEGENERATE:
        return "DEGENERATE";
    case ENGINE_GAP:
        return "GAP";
    case ENGINE_RESET:
        return "RESET";
    }
    return "unknown";
}

bool engine_state_opens(enum engine_state s)
{
    return s == ENGINE_ANOMALOUS || s == ENGINE_FLAT || s == ENGINE_DROPOUT || s == ENGINE_GAP || s == ENGINE_RESET;
}

const char *engine_vote_name(enum engine_vote v)
{
    switch (v) {
    case ENGINE_VOTE_NO:
        return "no";
    case ENGINE_VOTE_YES:
        return "yes";
    case ENGINE_ABSTAINS:
        return "abstains";
    }
    return "unknown";
}

const char *engine_reason_name(enum engine_reason r)
{
    switch (r) {
    case ENGINE_REASON_NONE:
        return "none";
    case ENGINE_REASON_WARMING_UP:
        return "warming up";
    case ENGINE_REASON_NEEDS_DAY:
        return "needs a day";
    case ENGINE_REASON_CONSTANT:
        return "constant";
    case ENGINE_REASON_NEEDS_WEEK:
        return "needs a week";
    case ENGINE_REASON_OFF:
        return "switched off";
    case ENGINE_REASON_RESET:
        return "counter reset";
    case ENGINE_REASON_FEW_POINTS:
        return "too few points";
    case ENGINE_REASON_NOT_STATIONARY:
        return "not stationary";
    case ENGINE_REASON_SILENT:
        return "silent";
    }
    return "unknown";
}

const char *engine_direction_name(int direction)
{
    return direction > 0 ? "up" : direction < 0 ? "down" : "unknown";
}

const char *engine_season_name(enum engine_season s)
{
    switch (s) {
    case ENGINE_SEASON_NONE:
        return "none";
    case ENGINE_SEASON_DAY:
        return "day";
    case ENGINE_SEASON_WEEK:
        return "week";
    }
    return "unknown";
}

#define ENTRY(name, threshold, help) #name,
static const char *const detectors[DETECTOR_COUNT] = {DETECTORS(ENTRY)};
#undef ENTRY

const char *engine_detector_name(enum detector_index d)
{
    return (unsigned)d < DETECTOR_COUNT ? detectors[d] : "unknown";
}

const char *engine_ensemble_name(enum engine_ensemble e)
{
    switch (e) {
    case ENGINE_ENSEMBLE_RIDGELINE:
        return "ridgeline";
    case ENGINE_ENSEMBLE_SKYLINE:
        return "skyline";
    }
    return "unknown";
}

unsigned engine_findings(enum engine_ensemble e)
{
    return e == ENGINE_ENSEMBLE_SKYLINE ? SKYLINE_COUNT : DETECTOR_COUNT;
}

#define ENTRY(name) #name,
static const char *const algorithms[SKYLINE_COUNT] = {SKYLINE_ALGORITHMS(ENTRY)};
#undef ENTRY

const char *engine_finding_name(enum engine_ensemble e, unsigned i)
{
    if (e != ENGINE_ENSEMBLE_SKYLINE)
        return engine_detector_name((enum detector_index)i);
    return i < SKYLINE_COUNT ? algorithms[i] : "unknown";
}
