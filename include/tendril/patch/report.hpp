// SPDX-License-Identifier: MIT
// Floor: patch
//
// Report: what is patched in this process, and what is not: never silently without effect. And a self-test: whether
// each class of calls does suspend a green thread here.
//
//     std::cerr << tendril::patch::report();
//
// Not covered, and not visible to report(): calls of a library's constructors, which run before the library can be
// patched; code that keeps a function's address where no relocation put it; objects in namespaces of dlmopen(3).

#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/patch/classes.hpp>

namespace tendril::patch {

// One loaded object: the program or a shared library.
struct ObjectReport {
    std::string path;         // of its file; of the program, its name
    Classes classes;          // those that it is patched with; none: it is not patched
    bool left_alone = false;  // never patched: the C library and its kin, or tendril

    // How many places were patched with a class.
    struct Slots {
        Class of;           // the class
        std::size_t count;  // how many
    };
    std::vector<Slots> slots;  // that were patched

    std::vector<std::string> blocking;   // what it imports that has a hook, where no patch stands: such a call blocks
    std::vector<std::string> uncovered;  // what it imports that may block, and has no hook
    std::vector<std::string> taken;      // what it imports where another library has put its own function

    std::size_t raw_syscalls = 0;   // places in its code that look like a system call past the C library
    bool has_constructors = false;  // which ran, or will run, before it is patched

    std::size_t slots_of(Class of) const noexcept;  // how many places were patched with this class
    std::size_t slot_count() const noexcept;        // how many places were patched in all
};

struct Report {
    std::vector<ObjectReport> objects;  // all that are loaded

    // Returns the object of that file name, or of which it is the part before the first dot ("libpq"); nullptr: none.
    const ObjectReport* find(std::string_view name) const noexcept;
};

// From any OS thread. Reads the code of all objects: some milliseconds. Throws: Error in a static program.
Report report();

// As a table for people; one line for each object that is not patched.
std::string to_string(const Report& report);
std::ostream& operator<<(std::ostream& out, const Report& report);

// Whether calls of one class suspend the calling green thread, and no more.
struct SelfTest {
    Class of;             // which class
    bool passed = false;  // whether others ran meanwhile
    std::string why;      // it did not pass
};

// Makes calls of each class by the functions that patched slots lead to, in green threads of this hub, and looks
// whether others ran meanwhile. Patches nothing. Starts a child process, which ends at once. Some 100 ms.
// Requires: called in a green thread. Throws: Interrupt; std::system_error where the system has no descriptors left.
std::vector<SelfTest> self_test();

std::string to_string(const std::vector<SelfTest>& results);  // as a table for people

}  // namespace tendril::patch
