/*
 * config_print: the configuration printed back, and what the pipeline wants to know of it.
 * What is printed reads as the same configuration.
 */
#include "sensor/config.h"

#include <stdio.h>

static void
print_doc(struct out *to, const struct option *o)
{
	OUT_LIT(to, "# ");
	out_text(to, o->doc);
	if (o->type == OPTION_ENUM || *o->range) {
		OUT_LIT(to, " (");
		out_text(to, o->range);
		OUT_LIT(to, ")");
	}
	out_char(to, '\n');
}

static void
print_value(struct out *to, const struct option *o, int64_t number, const char *text)
{
	out_text(to, o->name);
	OUT_LIT(to, " = ");
	option_print(to, o, number, text);
	out_char(to, '\n');
}

/* Its texts as they are; a make that is not told is not printed as one that is none. */
static void
print_gateway(struct out *to, const struct config_gateway *g)
{
	struct option o;

	OUT_LIT(to, "\n[gateway ");
	out_text(to, g->name);
	OUT_LIT(to, "]\n");
	for (unsigned i = 0; i < CONFIG_GATEWAY_OPTIONS && option_at(OPT_gateway_address + i, &o); i++) {
		print_doc(to, &o);
		o.type = OPTION_TEXT;
		print_value(to, &o, 0, g->text[i]);
	}
}

static void
print_gateways(struct out *to, const struct config *c)
{
	struct option o;

	for (unsigned g = 0; g < c->gateways; g++)
		print_gateway(to, &c->gateway[g]);
	if (c->gateways == 0) {
		OUT_LIT(to, "\n# [gateway NAME]\n");
		for (unsigned i = 0; i < CONFIG_GATEWAY_OPTIONS && option_at(OPT_gateway_address + i, &o); i++) {
			print_doc(to, &o);
			OUT_LIT(to, "# ");
			out_text(to, o.name);
			OUT_LIT(to, " =\n");
		}
	}
}

/* A header when the section or the instance changes. */
static void
print_section(struct out *to, const struct option *o, const struct option *before)
{
	bool same = before->section && strcmp(o->section, before->section) == 0 &&
		    (o->instance ? before->instance && strcmp(o->instance, before->instance) == 0 : !before->instance);

	if (same)
		return;
	OUT_LIT(to, "\n[");
	out_text(to, o->section);
	if (o->instance) {
		out_char(to, ' ');
		out_text(to, o->instance);
	}
	OUT_LIT(to, "]\n");
}

void
config_print(struct out *to, const struct config *c)
{
	struct option o, before = {0};

	OUT_LIT(to, "# gatewitness: every option with its value\n");
	for (unsigned i = 0; option_at(i, &o); i++) {
		if (option_named(o.section))
			continue;
		print_section(to, &o, &before);
		print_doc(to, &o);
		print_value(to, &o, c->number[o.key], o.key < OPTIONS_OWN ? c->text[o.key] : "");
		before = o;
	}
	print_gateways(to, c);
	config_rules_print(to, c);
}

/* Adds or finds the address; the last gateway that names it has it. */
static size_t
gateway_add(struct gateway_addr *to, size_t n, size_t max, const struct gateway_addr *one)
{
	for (size_t i = 0; i < n; i++)
		if (addr_same(&to[i].addr, &one->addr)) {
			to[i].listens |= one->listens;
			to[i].calls |= one->calls;
			return n;
		}
	if (n < max)
		to[n++] = *one;
	return n;
}

/* The next item of a comma list as an address; false: none left, or not an address. */
static bool
list_next(const char **list, struct addr *a)
{
	char item[ADDR_TEXT_MAX + 1];
	size_t len;

	*list += strspn(*list, " \t,");
	len = strcspn(*list, " \t,");
	if (len == 0 || len >= sizeof(item))
		return false;
	memcpy(item, *list, len);
	item[len] = '\0';
	*list += len;
	return addr_parse(a, item);
}

size_t
config_gateways(const struct config *c, struct gateway_addr *to, size_t max)
{
	size_t n = 0;

	for (unsigned g = 0; g < c->gateways; g++) {
		const char *listens = c->gateway[g].text[OPT_gateway_address - OPT_gateway_address];
		const char *calls = c->gateway[g].text[OPT_gateway_egress - OPT_gateway_address];
		struct gateway_addr one = {.gateway = (uint8_t)(g + 1)};

		/* without egress its own addresses are also what it calls from */
		for (one.listens = true, one.calls = !*calls; list_next(&listens, &one.addr);)
			n = gateway_add(to, n, max, &one);
		for (one.listens = false, one.calls = true; list_next(&calls, &one.addr);)
			n = gateway_add(to, n, max, &one);
	}
	return n;
}

bool
config_gateway_list(struct config *c, const char *list)
{
	struct config_gateway *g = &c->gateway[0];
	char *address = g->text[0], *egress = g->text[OPT_gateway_egress - OPT_gateway_address];
	size_t used = strlen(address);
	const char *p = list, *next = list;
	struct addr a;

	while (list_next(&next, &a))
		p = next;
	p += strspn(p, " \t,");
	if (*p || !*list) {
		snprintf(c->error, sizeof(c->error), "-g \"%.100s\": \"%.60s\" is not an address such as 192.0.2.10",
			 list, p);
		return false;
	}
	if (used + strlen(list) + 2 > OPTION_TEXT_MAX) {
		snprintf(c->error, sizeof(c->error), "-g: too many addresses");
		return false;
	}
	snprintf(address + used, OPTION_TEXT_MAX - used, "%s%s", used ? "," : "", list);
	memcpy(egress, address, OPTION_TEXT_MAX);
	return true;
}
