/* The version of all programs and of what they tell of themselves: it stands here alone. */
#ifndef RIDGELINE_VERSION_H
#define RIDGELINE_VERSION_H

#define RIDGELINE_VERSION "0.1.0"

#endif
