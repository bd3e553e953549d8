/*
 * nearest: how far apart two words are, for "the nearest is": whoever mistypes a name is shown the one meant.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

/* Edit distance (Damerau, restricted); at most 63 bytes of each count. */
unsigned text_distance(const char *a, const char *b);

#endif
