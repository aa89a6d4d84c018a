/* The subcommands of `ridgeline`. Each takes argv with its own name first and
 * returns the exit status: 0, 1 for a failure, 2 for wrong usage. */
#ifndef RIDGELINE_CLI_H
#define RIDGELINE_CLI_H

int run_main(int argc, char **argv);
int check_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int backtest_main(int argc, char **argv);
int import_main(int argc, char **argv);
int forget_main(int argc, char **argv);
int demo_main(int argc, char **argv);
int test_channel_main(int argc, char **argv);

/* Its exit statuses are those of Nagios' plugins: 0 to 3. */
int check_health_main(int argc, char **argv);

#endif
