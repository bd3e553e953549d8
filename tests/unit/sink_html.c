/*
 * sink_html: whatever bytes are text, they stay text: in a page, in an attribute, and cut where there is no room.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sink/html.h"

static char memory[1 << 14];

/* What the writer makes of a text, without the document type. */
static const char *
text_of(const void *bytes, size_t n)
{
	struct html h = html_of(memory, sizeof(memory) - 1);
	size_t begun = out_len(&h.out);

	html_bytes(&h, (struct text){bytes, (uint32_t)n});
	assert_false(h.out.full);
	*h.out.p = '\0';
	return memory + begun;
}

#define TEXT_OF(literal) text_of("" literal, sizeof(literal) - 1)

static void
markup(void **state)
{
	(void)state;
	assert_string_equal(TEXT_OF("<script>alert(\"1\")</script>"),
			    "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;");
	assert_string_equal(TEXT_OF("&lt;b&gt; ' onload='x"), "&amp;lt;b&amp;gt; &#39; onload=&#39;x");
	assert_string_equal(TEXT_OF("]]><!-- -->"), "]]&gt;&lt;!-- --&gt;");
	assert_string_equal(TEXT_OF("vpn.example.org"), "vpn.example.org");
}

static void
letters(void **state)
{
	(void)state;
	assert_string_equal(TEXT_OF("m\xc3\xbcnchen \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x94\x91"),
			    "m\xc3\xbcnchen \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x94\x91");
	/* a lone byte, an overlong `<`, a surrogate, a cut sequence: each byte that is no sign is U+FFFD */
	assert_string_equal(TEXT_OF("a\xff z"), "a\xef\xbf\xbd z");
	assert_string_equal(TEXT_OF("\xc0\xbc"), "\xef\xbf\xbd\xef\xbf\xbd");
	assert_string_equal(TEXT_OF("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	assert_string_equal(TEXT_OF("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");
}

/* What XML has no place for, and what turns or hides the letters beside it. */
static void
controls(void **state)
{
	(void)state;
	assert_string_equal(TEXT_OF("a\0b\x1b[31m\x7f"), "a\xef\xbf\xbd"
							 "b\xef\xbf\xbd[31m\xef\xbf\xbd");
	assert_string_equal(TEXT_OF("\xc2\x85"), "\xef\xbf\xbd");                               /* C1 */
	assert_string_equal(TEXT_OF("exe.\xe2\x80\xaegpj"), "exe.\xef\xbf\xbdgpj");             /* U+202E */
	assert_string_equal(TEXT_OF("\xe2\x81\xa6x\xe2\x80\x8b"), "\xef\xbf\xbdx\xef\xbf\xbd"); /* U+2066, U+200B */
	assert_string_equal(TEXT_OF("\xef\xbb\xbf\xef\xbf\xbf"), "\xef\xbf\xbd\xef\xbf\xbd");   /* U+FEFF, U+FFFF */
	assert_string_equal(TEXT_OF("\xc2\xa0\xe2\x82\xac"), "\xc2\xa0\xe2\x82\xac"); /* no-break space, euro */
}

static void
elements(void **state)
{
	struct html h = html_of(memory, sizeof(memory) - 1);

	(void)state;
	html_begin(&h, "p", "note");
	html_attr(&h, "title", "\"><b onclick='x'>");
	html_say(&h, "%d < %s", 1, "<2>");
	html_open(&h, "br");
	html_close(&h);
	html_open(&h, "b");
	html_close(&h);
	html_line(&h, "i", NULL, "%s", "&");
	html_close(&h);
	*h.out.p = '\0';
	assert_int_equal(h.depth, 0);
	assert_string_equal(memory, "<!DOCTYPE html>\n<p class=\"note\" title=\"&quot;&gt;&lt;b "
				    "onclick=&#39;x&#39;&gt;\">1 &lt; &lt;2&gt;<br/><b></b><i>&amp;</i></p>\n");
}

/* Every length of room: never a byte beyond it, and full is said. */
static void
room(void **state)
{
	static const char HOSTILE[] = "<a href=\"x\">\xf0\x9f\x94\x91&'</a>";
	size_t whole;

	(void)state;
	for (size_t size = 16;; size++) {
		struct html h;

		memset(memory, '#', sizeof(memory));
		h = html_of(memory, size);
		html_line(&h, "td", "mono", "%s", HOSTILE);
		assert_int_equal(memory[size], '#');
		whole = out_len(&h.out);
		assert_true(whole <= size);
		if (!h.out.full)
			break;
		assert_true(size < 200);
	}
	assert_int_equal(memory[whole - 1], '>');
}

static void
long_words(void **state)
{
	static char words[2 * HTML_SAY_MAX];
	struct html h = html_of(memory, sizeof(memory) - 1);

	(void)state;
	memset(words, 'x', sizeof(words) - 1);
	html_line(&h, "td", NULL, "%s", words);
	*h.out.p = '\0';
	assert_non_null(strstr(memory, "xxx...</td>"));
	assert_true(out_len(&h.out) < HTML_SAY_MAX + 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup),   cmocka_unit_test(letters), cmocka_unit_test(controls),
		cmocka_unit_test(elements), cmocka_unit_test(room),    cmocka_unit_test(long_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
