/*
 * capture_port: what the port of a mirror is set to: is it up, could it speak, does it change what it hears.
 * Reads only; it is for whoever owns the machine to mend it.
 */
#ifndef SENSOR_CAPTURE_PORT_H
#define SENSOR_CAPTURE_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct port_state {
	bool up, link; /* link: the cable's other end is there */
	bool loopback;
	bool arp; /* answers for every address that this machine has */
	bool ip6; /* takes an address by itself, and announces it */
	bool gro, lro;
	unsigned addresses;
	bool has_address;
	bool has_mac;
	uint8_t mac[6];
};

enum { PORT_WORDS = 512 };

/* False: there is no such interface. */
bool port_state(const char *name, struct port_state *s);

/* The next thing, from the i-th on, that could make it speak or that changes frames, with what to do.  False: no more. */
bool port_warning(const char *name, const struct port_state *s, unsigned *i, char line[PORT_WORDS]);

enum port_carries { PORT_UP, PORT_DOWN, PORT_GONE };
enum { PORT_NAME = 16 };

/* Can frames arrive at all?  By a socket that is open already, and the interface's number; and its name now. */
enum port_carries port_carries(int socket, unsigned index, char name[PORT_NAME]);

/* Frames that came to a packet socket, also those for which its ring had no room, since that was last asked. */
uint64_t port_came(int socket);

#endif
