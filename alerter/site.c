#include "alerter/site.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ridgeline/conf.h"

void site_name(char out[SITE_TEXT_MAX], const struct settings *settings)
{
    snprintf(out, SITE_TEXT_MAX, "%s", settings->alerter.site);
    if (!*out && gethostname(out, SITE_TEXT_MAX - 1) != 0)
        *out = '\0';
    out[SITE_TEXT_MAX - 1] = '\0';
}

void site_page(char out[SITE_TEXT_MAX], const struct settings *settings)
{
    char address[UNITS_ADDRESS_TEXT_MAX];
    const char *base = settings->alerter.page_url;
    size_t len = strlen(base);

    units_address_text(address, sizeof address, &settings->webapp.listen);
    while (len > 0 && base[len - 1] == '/')
        len--;
    if (len > 0)
        snprintf(out, SITE_TEXT_MAX, "%.*s", (int)len, base);
    else
        snprintf(out, SITE_TEXT_MAX, "http://%s", address);
}
