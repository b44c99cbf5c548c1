libdriver_a_SOURCES +=
