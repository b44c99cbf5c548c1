# Domain XML <-> one structure; knows nothing of daemon or emulator.
noinst_LIBRARIES += libxml.a
libxml_a_CPPFLAGS = -I$(top_srcdir)/emulator -I$(top_srcdir) $(GLIB_CFLAGS) $(XML_CFLAGS) $(LIBVIRT_CFLAGS)
libxml_a_SOURCES =
