/* `ridgeline check-health`, installed as Nagios' plugin check_ridgeline: asks the webapp how all is. */
#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/health_line.h"
#include "ridgeline/units.h"

#define ANSWER_MAX (4 * 1024 * 1024) /* bytes */
#define TIMEOUT_S_MAX 600

static const char usage[] =
    "usage: check_ridgeline [--url URL] [--timeout DURATION]\n\n"
    "Asks Ridgeline's webapp how all is, and says so in a line with performance data, as a plugin of\n"
    "Nagios. Exits with 0 when all is well, 1 when a part is not, 2 when nothing works or answers, 3 when\n"
    "that cannot be told.\n\n"
    "  --url URL           where the page is; http://127.0.0.1:1500\n"
    "  --timeout DURATION  how long to wait for the answer; 10s\n";

struct answer {
    char *bytes;
    size_t len;
};

static size_t take(char *bytes, size_t size, size_t n, void *context)
{
    struct answer *a = context;
    size_t len = size * n;
    if (len > ANSWER_MAX - a->len)
        return 0;
    char *grown = realloc(a->bytes, a->len + len + 1);
    if (grown == NULL)
        return 0;
    memcpy(grown + a->len, bytes, len);
    a->bytes = grown;
    a->len += len;
    return len;
}

/* 0, or -1 with the reason written as a plugin's line. */
static int ask(const char *url, int64_t timeout_s, struct answer *a)
{
    char error[CURL_ERROR_SIZE] = "", *whole = NULL;
    CURL *curl = curl_easy_init();
    CURLcode result = CURLE_OUT_OF_MEMORY;
    size_t url_len = strlen(url);
    while (url_len > 0 && url[url_len - 1] == '/')
        url_len--;
    if (curl == NULL || asprintf(&whole, "%.*s/api/health", (int)url_len, url) < 0)
        goto out;
    curl_easy_setopt(curl, CURLOPT_URL, whole);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)timeout_s);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
    result = curl_easy_perform(curl);
out:
    if (result != CURLE_OK)
        printf("RIDGELINE CRITICAL: %s: %s\n", url, error[0] != '\0' ? error : curl_easy_strerror(result));
    free(whole);
    curl_easy_cleanup(curl);
    return result == CURLE_OK ? 0 : -1;
}

static int wrong_usage(const char *why)
{
    printf("RIDGELINE UNKNOWN: %s\n", why);
    fputs(usage, stderr);
    return HEALTH_LINE_UNKNOWN;
}

int check_health_main(int argc, char **argv)
{
    static const struct option options[] = {{"url", required_argument, NULL, 'u'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *url = "http://127.0.0.1:1500", *why;
    int64_t timeout_s = 10;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'u') {
            url = optarg;
        } else if (option == 't') {
            if (units_duration(optarg, &timeout_s, &why) < 0 || timeout_s < 1 || timeout_s > TIMEOUT_S_MAX)
                return wrong_usage("--timeout must be a duration of 1s to 10m");
        } else if (option == 'h') {
            fputs(usage, stdout);
            return HEALTH_LINE_OK;
        } else {
            return wrong_usage("unknown option");
        }
    }
    if (optind < argc)
        return wrong_usage("unexpected argument");
    struct answer answer = {0};
    enum health_line_status status = ask(url, timeout_s, &answer) == 0
                                         ? health_line(stdout, answer.bytes != NULL ? answer.bytes : "", answer.len)
                                         : HEALTH_LINE_CRITICAL;
    free(answer.bytes);
    return (int)status;
}
