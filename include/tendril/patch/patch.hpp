// SPDX-License-Identifier: MIT
// Floor: patch
//
// Patch: C code that nobody rewrote becomes cooperative. Calls of the C library that block the OS thread then suspend
// the calling green thread instead: in one library, in the program, or in everything that is loaded.
//
//     tendril::patch::library("libpq");
//     for (int i = 0; i < 200; ++i) {
//         spawn([] { PQexec(connect(), "select pg_sleep(0.2)"); });    // all of them wait at once, on one OS thread
//     }
//
// It rewrites the import slots of the chosen objects (docs/design/0018). A call by a green thread parks it; a call by
// another OS thread, by an OS thread without a hub, in a callback of the hub or in a signal handler is the plain one.
//
// A kill or a Timeout that arrives inside C is not thrown there, for C cannot be unwound: the call returns an error,
// ECANCELED, and so does each further call that would wait, until the library has given up. Then the next wait of the
// C++ caller throws, or deliver(). docs/caveats.md says what libraries make of that, and what is not covered;
// patch::report() says what is covered in this process. Example: examples/patch_libpq.cpp
//
// All functions may be called from any OS thread, at any time, also while patched calls are under way. Where an
// AddressSanitizer or a ThreadSanitizer is in the process, they throw Error: its runtime stands in the same places.

#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/patch/classes.hpp>

namespace tendril::patch {

// What could not be patched, and why; nothing was changed then.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// What to patch, and with which classes.
struct Options {
    Classes classes = Classes::all();       // these
    Classes except = {};                    // without these
    std::vector<std::string> require = {};  // symbols; one that no patched object imports is an Error
};

// Patches the loaded shared libraries of that name, and those that they need, except the C library. "libpq"
// means libpq.so.5, and not libpqxx; a path means the one file. Does nothing where it was done before.
// Throws: Error: nothing of that name is loaded, it holds tendril itself, or a required symbol is missing.
void library(std::string_view name, Options options = {});

// Patches the executable, and the C++ library, which waits for it in std::condition_variable. Throws: Error as above.
void program(Options options = {});

// Patches all objects: those that are loaded, and those that come later, by dlopen(3) or otherwise.
// Throws: Error as above.
void all(Options options = {});

// Takes all of it back; what is loaded later stays plain. Calls that are under way end as they began. Requires: no
// green thread waits for what only a patched call hands over: a lock, a condition, the end of a thread.
void unpatch();

// Throws the kill or Timeout that is pending in this green thread, if there is one: to be called after a call into C
// that may have been broken off.
void deliver();

}  // namespace tendril::patch
