libutil_a_SOURCES +=
