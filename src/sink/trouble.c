/*
 * trouble: trouble.def as rows of detectors.  Pure.
 */
#include "sink/trouble.h"

const struct detector_info TROUBLE_INFO[TROUBLES] = {
#define TROUBLE(name, id, severity, after_s, until_s, title, doc)                                                      \
	{id, #name, title, "", SEVERITY_##severity, false, doc, NULL, NULL},
#include "sink/trouble.def"
#undef TROUBLE
};

const struct detector_info *
trouble_by_id(uint16_t id)
{
	for (unsigned i = 0; i < TROUBLES; i++)
		if (TROUBLE_INFO[i].id == id)
			return &TROUBLE_INFO[i];
	return NULL;
}

const struct detector_info *
trouble_or_detector(uint16_t id)
{
	const struct detector_info *trouble = trouble_by_id(id);

	return trouble ? trouble : detector_by_id(id);
}
