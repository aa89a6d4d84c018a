/* The process that delivers one channel's messages, a child of the alerter. It waits for its receiver alone: a slow
 * or dead one delays no other channel, and nothing else that the alerter does. */
#ifndef RIDGELINE_ALERTER_DELIVERER_H
#define RIDGELINE_ALERTER_DELIVERER_H

#include "ridgeline/alerts.h"
#include "ridgeline/conf.h"

#define DELIVERER_PROCESS_MAX 128

struct deliverer_args {
    const struct channel_settings *channel;
    const struct settings *settings;
    char process[DELIVERER_PROCESS_MAX]; /* "alerter.CHANNEL", "alerter.CHANNEL@INSTANCE" */
};

/* Delivers until told to stop (struct proc_child). `arg` is a struct deliverer_args. */
int deliverer_run(void *arg);

#endif
