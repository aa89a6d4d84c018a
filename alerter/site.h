/* What messages call this installation, and where its page is reached. */
#ifndef RIDGELINE_ALERTER_SITE_H
#define RIDGELINE_ALERTER_SITE_H

#define SITE_TEXT_MAX 1024

struct settings;

/* `alerter.site`, or the host's name. */
void site_name(char out[SITE_TEXT_MAX], const struct settings *settings);

/* `alerter.page_url`, or the address at which the webapp listens; without a slash at its end. */
void site_page(char out[SITE_TEXT_MAX], const struct settings *settings);

#endif
