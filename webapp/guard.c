#include "webapp/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 256

static bool is_port(const char *text)
{
    size_t n = strspn(text, "0123456789");
    return n >= 1 && n <= 5 && !text[n];
}

/* Splits "host", "host:port", "[v6]" or "[v6]:port"; copies the host, without
 * brackets, to `out`. False when it is none of these. */
static bool host_part(char out[HOST_MAX], const char *text, bool *bracketed)
{
    const char *start = text, *end;
    *bracketed = *text == '[';
    if (*bracketed) {
        start++;
        end = strchr(start, ']');
        if (!end || (end[1] && (end[1] != ':' || !is_port(end + 2))))
            return false;
    } else {
        end = start + strcspn(start, ":");
        if (*end && !is_port(end + 1))
            return false;
    }
    size_t len = (size_t)(end - start);
    if (len == 0 || len >= HOST_MAX)
        return false;
    memcpy(out, start, len);
    out[len] = '\0';
    return true;
}

bool guard_host(const char *host, const char *listen_host, const char *machine)
{
    char name[HOST_MAX];
    bool bracketed;
    struct in6_addr address;
    if (!host)
        return true;
    if (!host_part(name, host, &bracketed))
        return false;
    if (bracketed)
        return inet_pton(AF_INET6, name, &address) == 1;
    return inet_pton(AF_INET, name, &address) == 1 || strcasecmp(name, "localhost") == 0 ||
           (*listen_host && strcasecmp(name, listen_host) == 0) || (*machine && strcasecmp(name, machine) == 0);
}

bool guard_origin(const char *origin, const char *host)
{
    static const char *const schemes[] = {"http://", "https://"};
    if (!origin)
        return true;
    for (size_t i = 0; host && i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i]);
        if (strncmp(origin, schemes[i], len) == 0 && strcasecmp(origin + len, host) == 0)
            return true;
    }
    return false;
}

bool guard_token(const char *given, const char *token)
{
    size_t len = strlen(token);
    if (!given || strlen(given) != len)
        return false;
    unsigned char differ = 0;
    for (size_t i = 0; i < len; i++)
        differ |= (unsigned char)(given[i] ^ token[i]);
    return differ == 0;
}
