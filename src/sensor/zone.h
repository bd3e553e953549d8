/*
 * zone: a time zone by its IANA name, as the offsets that are in force from 2000 on: Europe/Amsterdam.
 *
 * The system's zone file (RFC 8536) is read when the configuration is, so that nobody asks for a zone while packets
 * are judged, and two machines with the same file agree.
 */
#ifndef SENSOR_ZONE_H
#define SENSOR_ZONE_H

#include "base/cur.h"
#include "detect/rules.h"

/* Letters, digits, _ + - in parts with / between: what a zone may be called. */
bool zone_name_ok(const char *name);

/* A zone file's bytes.  False: they are none, or count leap seconds, or follow a rule that is not by month and week. */
bool zone_parse(struct rule_zone *to, struct cur bytes);

/* False: words are the end of a sentence that begins with the zone's name. */
bool zone_read(struct rule_zone *to, const char *name, char *words, size_t size);

#endif
