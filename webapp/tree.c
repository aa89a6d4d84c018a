#include "webapp/tree.h"

#include "webapp/app.h"
#include "webapp/branch.h"
#include "webapp/names.h"
#include "webapp/query.h"

#define LIMIT_DEFAULT 1000
#define LIMIT_MAX 10000

static json_t *child_json(const struct branch_child *c)
{
    const size_t *in = c->in_state;
    size_t anomalous = 0;
    for (int state = 0; state < ENGINE_STATES; state++)
        anomalous += engine_state_opens((enum engine_state)state) ? in[state] : 0;
    return json_pack("{s:s%,s:s%,s:b,s:I,s:I,s:I,s:I}", "part", c->name + c->part_at, c->name_len - c->part_at, "name",
                     c->name, c->name_len, "leaf", c->leaf, "metrics", (json_int_t)c->metrics, "warming_up",
                     (json_int_t)in[ENGINE_WARMING_UP], "anomalous", (json_int_t)anomalous, "stale",
                     (json_int_t)in[ENGINE_STALE]);
}

static json_t *to_json(const struct branch *b, size_t limit)
{
    json_t *children = json_array();
    for (size_t i = 0; i < b->n && i < limit; i++)
        json_array_append_new(children, child_json(&b->children[i]));
    return json_pack("{s:o,s:I}", "children", children, "total", (json_int_t)b->n);
}

void tree_get(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX];
    const char *prefix = "";
    size_t prefix_len = 0;
    uint32_t limit;
    bool of_root = !query_has(request->query, "prefix");
    if ((!of_root && query_metric(request->query, "prefix", &prefix, &prefix_len, error) != 0) ||
        query_count(request->query, "limit", LIMIT_DEFAULT, LIMIT_MAX, &limit, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    struct branch branch;
    const struct names_list *names = names_hold(request->app->names);
    int read = branch_read(&branch, names, prefix, prefix_len);
    http_json(reply, HTTP_OK, read == 0 ? to_json(&branch, limit) : NULL);
    branch_fini(&branch);
    names_release(request->app->names, names);
}
