libemulator_a_SOURCES += \
	emulator/sandbox/sandbox.c \
	emulator/sandbox/sandbox.h
