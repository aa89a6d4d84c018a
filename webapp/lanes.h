/* Swimlanes: groups of metrics by name, against time, with the strongest score in each cell. Pure.
 *
 * The parts of a name stand between dots; tags (";host=web1") are not part of it. A group is the metrics whose names
 * begin with the same `depth` parts after `prefix`, itself whole parts. */
#ifndef WEBAPP_LANES_H
#define WEBAPP_LANES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LANES_ROWS_MAX 40
#define LANES_SLOTS_MAX 240
#define LANES_DEPTH_MAX 8

/* What is wanted. */
struct lanes_frame {
    const char *prefix; /* not NUL-terminated; empty: every metric */
    size_t prefix_len;
    unsigned depth; /* 1 .. LANES_DEPTH_MAX */
    uint32_t from, slot_s; /* slot i covers [from + i * slot_s, from + (i + 1) * slot_s); slot_s is not 0 */
    unsigned slots; /* 1 .. LANES_SLOTS_MAX */
};

/* Whether the metric is `prefix`, or lies below it. */
bool lanes_is_below(const char *metric, size_t len, const char *prefix, size_t prefix_len);

/* Bytes of the metric's name that make its group. */
size_t lanes_group(const char *metric, size_t len, size_t prefix_len, unsigned depth);

struct lanes;

/* NULL when memory is out. `frame->prefix` must outlive it. */
struct lanes *lanes_new(const struct lanes_frame *frame);
void lanes_free(struct lanes *l);

/* Adds an anomaly with both its ends; what lies outside the frame or the prefix is left out. */
void lanes_add(struct lanes *l, const char *metric, size_t len, uint32_t start, uint32_t end, double score);

/* [{"prefix", "leaf": whether it is a metric's whole name, "metrics": how many had anomalies, "cells": [0, or the
 * strongest score, at least 1, as a whole number]}], the strongest first, and of equal ones that of more metrics; at
 * most LANES_ROWS_MAX. `*total` gets how many groups there are. New reference; NULL when memory was out. */
json_t *lanes_to_json(struct lanes *l, size_t *total);

#endif
