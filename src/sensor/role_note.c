/*
 * role_note: the notes on their socket.  Must not trust a size or a text's end.
 */
#include "sensor/role_note.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union room {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

bool
role_tell(int to, const struct role_note *note, int fd)
{
	union room room = {.bytes = {0}};
	struct role_note copy = *note;
	struct iovec v = {&copy, sizeof(copy)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};

	if (fd >= 0) {
		m.msg_control = room.bytes;
		m.msg_controllen = sizeof(room.bytes);
		room.head = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(&room.head), &fd, sizeof(fd));
	}
	/* a tap may write, and not send: without a descriptor it is the same */
	return (fd < 0 ? write(to, &copy, sizeof(copy)) : sendmsg(to, &m, MSG_NOSIGNAL)) == (ssize_t)sizeof(copy);
}

/* The first descriptor; there is room for padding, and so for a second, which would stay open unseen. */
static int
take_fd(struct msghdr *m)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
			int one;

			memcpy(&one, CMSG_DATA(c) + at, sizeof(one));
			if (fd >= 0)
				close(one);
			else
				fd = one;
		}
	}
	return fd;
}

static bool
sane(struct role_note *n)
{
	n->words[ROLE_WORDS - 1] = '\0';
	n->who.name[ROLE_NAME_MAX - 1] = '\0';
	return (unsigned)n->kind < ROLE_NOTES && (unsigned)n->who.role < ROLES;
}

enum role_heard
role_hear(int from, struct role_note *note, int *fd)
{
	union room room;
	struct iovec v = {note, sizeof(*note)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room)};
	ssize_t n = recvmsg(from, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*fd = -1;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ROLE_SILENT : ROLE_GONE;
	if (n == 0)
		return ROLE_GONE;
	*fd = take_fd(&m);
	if (n == (ssize_t)sizeof(*note) && !(m.msg_flags & MSG_TRUNC) && sane(note))
		return ROLE_HEARD;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return ROLE_SILENT;
}
