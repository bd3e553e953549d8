/*
 * loss: what was not seen or not kept, by cause (loss.def), since the start.
 */
#ifndef BASE_LOSS_H
#define BASE_LOSS_H

#include <stdint.h>

struct losses {
#define LOSS(name, unit, doc) uint64_t name;
#include "base/loss.def"
#undef LOSS
};

#endif
