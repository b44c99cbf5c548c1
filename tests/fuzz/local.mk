# tests/fuzz

# xml/
EXTRA_DIST += tests/fuzz/xml-domain-fuzz.h
if FUZZERS
check_PROGRAMS += tests/fuzz/xml-domain-fuzz
tests_fuzz_xml_domain_fuzz_CPPFLAGS = $(libxml_a_CPPFLAGS)
tests_fuzz_xml_domain_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_xml_domain_fuzz_LDADD = libxml.a $(XML_LIBS) $(GLIB_LIBS)
endif
