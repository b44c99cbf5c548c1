libemulator_a_SOURCES += \
	emulator/accel/accel.c emulator/accel/accel.h \
	emulator/accel/qtest.c emulator/accel/qtest.h \
	emulator/accel/qtest-commands.c emulator/accel/qtest-internal.h \
	emulator/accel/qtest-server.c \
	emulator/accel/run-state.c emulator/accel/run-state.h \
	emulator/accel/vcpu.h
