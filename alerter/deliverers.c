#include "alerter/deliverers.h"

#include <stdio.h>
#include <stdlib.h>

#define STOP_GRACE_MS 3000

int deliverers_init(struct deliverers *d, const struct settings *settings)
{
    const struct conf_channels *channels = &settings->channels;
    *d = (struct deliverers){.n = channels->n};
    if (channels->n == 0)
        return 0;
    d->children = calloc(channels->n, sizeof *d->children);
    d->args = calloc(channels->n, sizeof *d->args);
    if (d->children == NULL || d->args == NULL) {
        deliverers_stop(d);
        return -1;
    }
    for (size_t i = 0; i < channels->n; i++) {
        struct deliverer_args *args = &d->args[i];
        const char *instance = settings->instance;
        args->channel = &channels->list[i];
        args->settings = settings;
        snprintf(args->process, sizeof args->process, "alerter.%s%s%.64s", args->channel->name,
                 *instance != '\0' ? "@" : "", instance);
        d->children[i] = (struct proc_child){.name = args->process, .run = deliverer_run, .arg = args};
    }
    return 0;
}

void deliverers_tend(struct deliverers *d)
{
    proc_children_tend(d->children, d->n);
}

void deliverers_stop(struct deliverers *d)
{
    if (d->children != NULL)
        proc_children_stop(d->children, d->n, STOP_GRACE_MS);
    free(d->children);
    free(d->args);
    *d = (struct deliverers){0};
}
