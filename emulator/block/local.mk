libemulator_a_SOURCES +=
