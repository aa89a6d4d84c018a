#include "webapp/figures.h"

#include <pthread.h>
#include <stdlib.h>

#include "webapp/processes.h"

struct figures {
    pthread_mutex_t lock;
    struct processes processes; /* of `taken_s` */
    json_t *health;             /* of `taken_s`; NULL before */
    int64_t taken_s, away_since_s;
};

struct figures *figures_new(void)
{
    struct figures *f = calloc(1, sizeof *f);
    if (f)
        pthread_mutex_init(&f->lock, NULL);
    return f;
}

void figures_free(struct figures *f)
{
    if (!f)
        return;
    processes_fini(&f->processes);
    json_decref(f->health);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

void figures_take(struct figures *f, struct processes *p, const json_t *health, int64_t now_s)
{
    json_t *copy = json_deep_copy(health);
    pthread_mutex_lock(&f->lock);
    processes_fini(&f->processes);
    f->processes = *p;
    json_decref(f->health);
    f->health = copy;
    f->taken_s = now_s;
    f->away_since_s = 0;
    pthread_mutex_unlock(&f->lock);
    *p = (struct processes){0};
}

void figures_away(struct figures *f, int64_t now_s)
{
    pthread_mutex_lock(&f->lock);
    if (f->away_since_s == 0)
        f->away_since_s = now_s;
    pthread_mutex_unlock(&f->lock);
}

int64_t figures_away_since(struct figures *f)
{
    pthread_mutex_lock(&f->lock);
    int64_t since_s = f->away_since_s;
    pthread_mutex_unlock(&f->lock);
    return since_s;
}

json_t *figures_json(struct figures *f)
{
    pthread_mutex_lock(&f->lock);
    json_t *copy = f->health ? json_deep_copy(f->health) : json_null();
    pthread_mutex_unlock(&f->lock);
    return copy;
}

const struct processes *figures_hold(struct figures *f, int64_t *taken_s)
{
    pthread_mutex_lock(&f->lock);
    *taken_s = f->taken_s;
    return &f->processes;
}

void figures_release(struct figures *f)
{
    pthread_mutex_unlock(&f->lock);
}
