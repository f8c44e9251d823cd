# SPDX-License-Identifier: MIT
# libyamato-cpu for programs that are not ours: `make lib-yamato-cpu` builds the static and the shared
# library, its pkg-config file and the examples; `make install-lib-yamato-cpu` puts them under PREFIX.
# The objects are compiled once more, for shared use, and only the ycpu_ names leave them.
YCPU_VERSION := 1
YCPU_OBJS := $(patsubst %.c,$(BUILD)/pic/%.o,$(cpu_SRCS) base/err.c base/log.c base/snapshot.c)

$(BUILD)/pic/%.o: %.c $(cpu_GEN)
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(OPTFLAGS) $(cpu_CFLAGS) -fPIC -fvisibility=hidden -c $< -o $@

$(BUILD)/lib/libyamato-cpu.so.$(YCPU_VERSION): $(YCPU_OBJS)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(SANFLAGS) -shared -Wl,-soname,$(@F) -Wl,-z,defs -o $@ $^ -lz -lm -lpthread
	@ln -sf $(@F) $(BUILD)/lib/libyamato-cpu.so

# One object whose only global names are the library's: it links beside anything.
$(BUILD)/lib/libyamato-cpu.a: $(YCPU_OBJS)
	@mkdir -p $(@D)
	@echo "  AR      $@"
	@$(LD) -r -o $(BUILD)/pic/yamato-cpu.o $^
	@objcopy --wildcard --keep-global-symbol='ycpu_*' $(BUILD)/pic/yamato-cpu.o
	@rm -f $@
	@$(AR) rcs $@ $(BUILD)/pic/yamato-cpu.o

$(BUILD)/lib/yamato-cpu.pc: cpu/lib/module.mk
	@mkdir -p $(@D)
	@printf 'prefix=%s\nlibdir=$${prefix}/lib\nincludedir=$${prefix}/include\n\nName: yamato-cpu\nDescription: ARM processors as a library\nVersion: %s\nLibs: -L$${libdir} -lyamato-cpu\nLibs.private: -lz -lm -lpthread\nCflags: -I$${includedir}\n' '$(PREFIX)' '$(YCPU_VERSION)' >$@

$(BUILD)/examples/%: examples/%.c cpu/lib/yamato-cpu.h $(BUILD)/lib/libyamato-cpu.so.$(YCPU_VERSION) $(BUILD)/lib/libyamato-cpu.a
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) -std=c11 -Wall -Wextra -Werror -O2 -Icpu/lib $< -o $@ -L$(BUILD)/lib -lyamato-cpu -Wl,-rpath,'$$ORIGIN/../lib'
	@$(CC) -std=c11 -Wall -Wextra -Werror -O2 -Icpu/lib $< -o $@-static $(BUILD)/lib/libyamato-cpu.a -lz -lm -lpthread

.PHONY: lib-yamato-cpu install-lib-yamato-cpu check-lib-yamato-cpu
lib-yamato-cpu: $(BUILD)/lib/libyamato-cpu.so.$(YCPU_VERSION) $(BUILD)/lib/libyamato-cpu.a $(BUILD)/lib/yamato-cpu.pc $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/*.c))
# The examples say what they should, linked either way, and nothing but ycpu_ leaves the libraries.
check-lib-yamato-cpu: lib-yamato-cpu
	@for e in $(BUILD)/examples/run-code $(BUILD)/examples/run-code-static; do \
	    test "$$($$e)" = "$$(cat examples/run-code.expected)" || { echo "$$e says something else"; exit 1; }; done
	@! nm -D --defined-only $(BUILD)/lib/libyamato-cpu.so | awk '{print $$3}' | grep -v '^ycpu_'
	@! nm -g --defined-only $(BUILD)/lib/libyamato-cpu.a | awk 'NF == 3 {print $$3}' | grep -v '^ycpu_'
	@echo "check-lib-yamato-cpu: 2 examples, names clean"
install-lib-yamato-cpu: lib-yamato-cpu
	install -D -m644 cpu/lib/yamato-cpu.h $(DESTDIR)$(PREFIX)/include/yamato-cpu.h
	install -D -m644 $(BUILD)/lib/libyamato-cpu.a $(DESTDIR)$(PREFIX)/lib/libyamato-cpu.a
	install -D -m755 $(BUILD)/lib/libyamato-cpu.so.$(YCPU_VERSION) $(DESTDIR)$(PREFIX)/lib/libyamato-cpu.so.$(YCPU_VERSION)
	ln -sf libyamato-cpu.so.$(YCPU_VERSION) $(DESTDIR)$(PREFIX)/lib/libyamato-cpu.so
	install -D -m644 $(BUILD)/lib/yamato-cpu.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/yamato-cpu.pc
	install -D -m644 cpu/lib/yamato-cpu.3 $(DESTDIR)$(PREFIX)/share/man/man3/yamato-cpu.3
