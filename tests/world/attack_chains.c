/*
 * attack_chains: attacks that follow each other; the labels are those of the chain as a whole.
 */
#include "attacks.h"

const struct attack ATTACKS_CHAINS[] = {{0}};
const unsigned ATTACKS_CHAINS_N = 0;
