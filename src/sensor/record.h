/*
 * record: frames into a nanosecond pcap file, exactly as they were seen
 * (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html).
 */
#ifndef SENSOR_RECORD_H
#define SENSOR_RECORD_H

#include "packet/packet.h"
#include "sink/file.h"

/* Opens f (file_open) and writes the file's header.  False: f->error. */
bool record_open(struct file *f, const char *path, uint32_t link, uint32_t snaplen);

/* Goes on with the file of a writer that died, behind its last whole frame; begins it where there is none.  False:
   f->error; EEXIST: it is no file of the kind that record_open makes; EFBIG: to walk over it would take longer than a tap may be
   blind. */
bool record_append(struct file *f, const char *path, uint32_t link, uint32_t snaplen);

void record_frame(struct file *f, const struct frame *frame);

#endif
