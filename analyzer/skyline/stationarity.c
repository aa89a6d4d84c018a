/* The augmented Dickey-Fuller test (Said and Dickey 1984). In the regression
 *
 *   dy_t = c + g y_(t-1) + sum over i = 1 .. p of d_i dy_(t-i) + error
 *
 * a unit root means g = 0; the test statistic is g over its standard error. It is compared with MacKinnon's
 * asymptotic 5 % point, which is where the p-value of Skyline's statsmodels passes 0.05. p has the least
 * AIC = m ln(RSS / m) + 2 (p + 2) over the m points that all lags can use; the statistic is then of all points
 * that p can use.
 *
 * With y_(t-1) the last regressor and dy_t behind it, the Cholesky factor L of the matrix of their products
 * holds all that is asked for: RSS is the square of L's last diagonal element, and g over its standard error
 * is the element beside it over sqrt(RSS / (m - p - 2)). O(n p^2) for each p. */
#include "analyzer/skyline/stationarity.h"

#include <math.h>

#define LAGS_MAX 10
#define POINTS_A_LAG 5
#define COLUMNS_MAX (LAGS_MAX + 3) /* constant, lags, level, response */
#define CRITICAL (-2.86154)        /* MacKinnon, "Critical values for cointegration tests", 2010, table 2 */
#define SINGULAR 1e-12 /* a column of which less than this share is its own */

struct fit {
    double statistic, aic;
};

/* Adds the products of the columns at `t`; only the lower triangle. */
static void add_row(double product[COLUMNS_MAX][COLUMNS_MAX], const double *y, size_t t, size_t lags)
{
    double row[COLUMNS_MAX] = {1};
    for (size_t i = 1; i <= lags; i++)
        row[i] = y[t - i] - y[t - i - 1];
    row[lags + 1] = y[t - 1];
    row[lags + 2] = y[t] - y[t - 1];
    for (size_t i = 0; i < lags + 3; i++)
        for (size_t j = 0; j <= i; j++)
            product[i][j] += row[i] * row[j];
}

/* Cholesky factor of the lower triangle, in place. Returns whether the matrix is regular. */
static bool factorise(double a[COLUMNS_MAX][COLUMNS_MAX], size_t n)
{
    for (size_t j = 0; j < n; j++) {
        double own = a[j][j];
        for (size_t k = 0; k < j; k++)
            own -= a[j][k] * a[j][k];
        if (!(own > SINGULAR * a[j][j]))
            return false;
        a[j][j] = sqrt(own);
        for (size_t i = j + 1; i < n; i++) {
            for (size_t k = 0; k < j; k++)
                a[i][j] -= a[i][k] * a[j][k];
            a[i][j] /= a[j][j];
        }
    }
    return true;
}

/* The regression with `lags` over the points from `first` on. Returns whether it is regular. */
static bool regress(const double *y, size_t n, size_t first, size_t lags, struct fit *out)
{
    double product[COLUMNS_MAX][COLUMNS_MAX] = {{0}};
    double points = (double)(n - first), regressors = (double)(lags + 2);
    for (size_t t = first; t < n; t++)
        add_row(product, y, t, lags);
    if (!factorise(product, lags + 3))
        return false;
    double rest = product[lags + 2][lags + 2] * product[lags + 2][lags + 2];
    out->statistic = product[lags + 2][lags + 1] / sqrt(rest / (points - regressors));
    out->aic = points * log(rest / points) + 2 * regressors;
    return true;
}

bool stationarity_holds(const double *y, size_t n)
{
    size_t most = n / POINTS_A_LAG < LAGS_MAX ? n / POINTS_A_LAG : LAGS_MAX, best = 0;
    double least = HUGE_VAL;
    struct fit fit;
    for (size_t lags = 0; lags <= most; lags++) {
        if (regress(y, n, most + 1, lags, &fit) && fit.aic < least) {
            least = fit.aic;
            best = lags;
        }
    }
    return least < HUGE_VAL && regress(y, n, best + 1, best, &fit) && fit.statistic < CRITICAL;
}
