/* Channels' options: what is accepted can be put into a request or a mail as it stands. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/alerts.h"

static char **place(struct channel_settings *c, const char *name)
{
    for (size_t i = 0; i < channels_options_n; i++)
        if (channels_options[i].type == CONF_TEXT && strcmp(channels_options[i].name, name) == 0)
            return (char **)(void *)((char *)c + channels_options[i].offset);
    return NULL;
}

struct faults {
    const char *expected; /* the option that they are of */
    unsigned n;
};

static void count_fault(void *context, const char *option, const char *reason)
{
    struct faults *faults = context;
    faults->n++;
    cr_expect_str_eq(option, faults->expected);
    cr_expect_neq(*reason, '\0');
}

static bool accepted(const char *name, const char *value)
{
    struct channel_settings c = {0};
    struct faults faults = {.expected = name};
    *place(&c, name) = strdup(value);
    channels_check(&c, count_fault, &faults);
    cr_expect_leq(faults.n, 1u);
    channels_fini(&c);
    cr_expect_null(*place(&c, name));
    return faults.n == 0;
}

Test(channels, each_type_has_a_name_that_leads_back_to_it)
{
    for (int i = 0; i < CHANNEL_TYPES; i++)
        cr_expect_eq(channels_type(channels_type_name((enum channel_type)i)), i);
    cr_expect_eq(channels_type("carrier-pigeon"), -1);
}

Test(channels, an_option_belongs_to_its_type_or_to_all)
{
    for (size_t i = 0; i < channels_options_n; i++) {
        const struct conf_option *o = &channels_options[i];
        cr_expect(*o->group == '\0' || channels_type(o->group) >= 0, "%s.%s", o->group, o->name);
        for (size_t k = 0; k < i; k++)
            cr_expect(strcmp(o->name, channels_options[k].name) != 0 ||
                          (*channels_options[k].group != '\0' && strcmp(o->group, channels_options[k].group) != 0),
                      "%s.%s stands twice", o->group, o->name);
    }
}

Test(channels, every_default_passes_its_own_check)
{
    for (size_t i = 0; i < channels_options_n; i++) {
        const struct conf_option *o = &channels_options[i];
        if (o->type == CONF_TEXT && o->default_text)
            cr_expect(accepted(o->name, o->default_text), "%s.%s = \"%s\"", o->group, o->name, o->default_text);
    }
}

Test(channels, a_name_is_letters_digits_dash_and_underscore)
{
    cr_expect(channels_name_ok("ops-mail_2"));
    cr_expect(channels_name_ok("abcdefghijklmnopqrstuvwxyz012345"));
    cr_expect_not(channels_name_ok("abcdefghijklmnopqrstuvwxyz0123456"));
    cr_expect_not(channels_name_ok(""));
    cr_expect_not(channels_name_ok("a:b"));
    cr_expect_not(channels_name_ok("a\nb"));
}

Test(channels, values_are_taken_or_refused_as_the_table_says)
{
    static const struct {
        const char *name, *value;
        bool ok;
    } rows[] = {
        {"url", "https://example.org/hook?a=b", true},
        {"url", "ftp://example.org/", false},
        {"url", "http://", false},
        {"url", "http://a b", false},
        {"url", "http://a\r\nHost: b", false},
        {"url", "file:///etc/passwd", false},
        {"method", "PUT", true},
        {"method", "PU", false},
        {"method", "POST PUT", false},
        {"method", "", false},
        {"headers", "X-Team: ops\nAuthorization: Bearer abc", true},
        {"headers", "X-Team: ops\n", true},
        {"headers", "X-Team", false},
        {"headers", ": ops", false},
        {"headers", "X-Team: ops\r\nX-Other: 1", false},
        {"headers", "Content-Type: text/html", false},
        {"headers", "X-Ridgeline-Signature: sha256=0", false},
        {"to", "a@example.org", true},
        {"to", "a@example.org, b@example.org", true},
        {"to", "a@example.org,", false},
        {"to", "", false},
        {"to", "a@", false},
        {"to", "a@b@c", false},
        {"to", "a@example.org\r\nBcc: x@example.org", false},
        {"to", "<a@example.org>", false},
        {"from", "a@example.org, b@example.org", false},
        {"from", "ridgeline@example.org", true},
        {"server", "smtps://mail.example.org:465", true},
        {"server", "mail.example.org", false},
        {"server", "smtp://", false},
        {"tls", "required", true},
        {"tls", "never", false},
        {"address", "unix:/dev/log", true},
        {"address", "udp:127.0.0.1:514", true},
        {"address", "tcp:[::1]:601", true},
        {"address", "tcp:", false},
        {"address", "udp:127.0.0.1:0", false},
        {"address", "unix:log", false},
        {"facility", "local7", true},
        {"facility", "local", false},
        {"host", "ridge", true},
        {"host", "a;b", false},
        {"service", "line\nbreak", false},
        {"command_file", "rw/nagios.cmd", false},
        {"program", "/usr/local/bin/page", true},
        {"program", "page", false},
        {"severity", "warning", true},
        {"severity", "warn", false},
        {"routing_key", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(accepted(rows[i].name, rows[i].value), rows[i].ok, "%s = \"%s\"", rows[i].name, rows[i].value);
}

Test(channels, a_header_or_url_that_would_be_cut_is_refused)
{
    char header[2001 + 1] = "Authorization: ", url[1001 + 1] = "https://";
    memset(header + strlen(header), 'x', sizeof header - strlen(header) - 1);
    memset(url + strlen(url), 'x', sizeof url - strlen(url) - 1);
    cr_expect_not(accepted("headers", header), "it would be cut");
    cr_expect_not(accepted("url", url), "it would be cut");
    header[2000] = url[1000] = '\0';
    cr_expect(accepted("headers", header));
    cr_expect(accepted("url", url));
}
