// SPDX-License-Identifier: MIT
//
// Reads by the standard input and output of C, from a pipe that gets its lines in pieces, against the C library.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

struct Closes {
    void operator()(FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, Closes>;

// The reading end of a pipe, into which another party writes the pieces, and closes it.
File in_pieces(Party& me, std::vector<std::string> pieces) {
    const auto ends = me.pipe();
    File file(::fdopen(::dup(ends.a), "r"));
    me.bring([=](Party& it) {
        for (const std::string& piece : pieces) {
            it.until_waits(it.first());
            it.saw("write", it.call.write(ends.b, piece.data(), piece.size()));
        }
        it.until_waits(it.first());
        it.close(ends.b);
    });
    return file;
}

TENDRIL_SCENE(KernelStdio, GetsALineInPieces) {
    const File file = in_pieces(me, {"ab", "c", "d\nef\ngh", "i"});
    char line[64];
    while (me.call.fgets(line, sizeof line, file.get()) != nullptr) {
        me.note(line);
    }
    me.saw("end", std::feof(file.get()) != 0);
    me.saw("error", std::ferror(file.get()) != 0);
    me.saw("again", me.call.fgets(line, sizeof line, file.get()) == nullptr);
}

TENDRIL_SCENE(KernelStdio, GetsPartOfALongLine) {
    const File file = in_pieces(me, {"abc", "def\n"});
    char line[64];
    me.note(me.call.fgets(line, 5, file.get()) != nullptr ? line : "none");
    me.note(me.call.__fgets_chk(line, sizeof line, 64, file.get()) != nullptr ? line : "none");
    me.note(me.call.fgets(line, 1, file.get()) != nullptr ? line : "none");
    me.note(me.call.fgets(line, 5, file.get()) != nullptr ? line : "none");
}

TENDRIL_SCENE(KernelStdio, ReadsBlocksInPieces) {
    const File file = in_pieces(me, {"abc", "defg", "hij"});
    char to[64]{};
    me.saw("fread", static_cast<long>(me.call.fread(to, 1, 5, file.get())), to);
    me.saw("fread", static_cast<long>(me.call.__fread_chk(to, sizeof to, 2, 2, file.get())));
    me.note(std::string(to, 4));
    me.saw("fread", static_cast<long>(me.call.fread(to, 1, 10, file.get())), to);
    me.saw("end", std::feof(file.get()) != 0);
    me.saw("fread of none", static_cast<long>(me.call.fread(to, 0, 10, file.get())));
}

TENDRIL_SCENE(KernelStdio, ReadsALargeBlock) {
    const File file = in_pieces(me, {std::string(3000, 'a'), std::string(5000, 'b'), std::string(20'000, 'c')});
    std::string to(27'000, '\0');
    me.saw("fread", static_cast<long>(me.call.fread(to.data(), 1, to.size(), file.get())));
    me.saw("right", to == std::string(3000, 'a') + std::string(5000, 'b') + std::string(19'000, 'c'));
    me.saw("fread", static_cast<long>(me.call.fread(to.data(), 100, 11, file.get())));
}

TENDRIL_SCENE(KernelStdio, GetsCharacters) {
    const File file = in_pieces(me, {"a", "bc"});
    me.saw("getc", me.call.getc(file.get()));
    me.saw("fgetc", me.call.fgetc(file.get()));
    me.saw("ungetc", std::ungetc('z', file.get()));
    me.saw("getc", me.call.getc(file.get()));
    me.saw("getc", me.call.getc(file.get()));
    me.saw("getc", me.call.getc(file.get()));
    me.saw("getc", me.call.getc(file.get()));
    me.saw("end", std::feof(file.get()) != 0);
}

TENDRIL_SCENE(KernelStdio, GetsLinesOfAnyLength) {
    const File file = in_pieces(me, {"ab", "c\n", std::string(300, 'x') + "\nno end"});
    char* line = nullptr;
    std::size_t room = 0;
    while (me.saw("getline", me.call.getline(&line, &room, file.get())) >= 0) {
        me.note(line);
        me.saw("room", room > 0);
    }
    std::free(line);
    me.saw("end", std::feof(file.get()) != 0);
    me.saw("getline", me.call.getline(nullptr, &room, file.get()));
}

TENDRIL_SCENE(KernelStdio, ReadsFilesAndErrors) {
    const File file(std::fopen("/proc/self/comm", "r"));
    char line[64];
    me.saw("fgets", me.call.fgets(line, sizeof line, file.get()) != nullptr);
    me.saw("fgets", me.call.fgets(line, sizeof line, file.get()) != nullptr);
    const File folder(std::fopen("/", "r"));
    me.saw("getc", me.call.getc(folder.get()));
    me.saw("error", std::ferror(folder.get()) != 0);
    const auto ends = me.pipe(O_NONBLOCK);
    const File empty(::fdopen(::dup(ends.a), "r"));
    me.saw("fgets", me.call.fgets(line, sizeof line, empty.get()) != nullptr);
    me.saw("error", std::ferror(empty.get()) != 0);
    me.saw("write", me.call.write(ends.b, "abc\n", 4));
    std::clearerr(empty.get());
    me.note(me.call.fgets(line, sizeof line, empty.get()) != nullptr ? line : "none");
    char text[] = "from memory\n";
    const File memory(::fmemopen(text, sizeof text - 1, "r"));
    me.note(me.call.fgets(line, sizeof line, memory.get()) != nullptr ? line : "none");
    me.saw("getc", me.call.getc(memory.get()));
}

}  // namespace
}  // namespace tendril::patch::testing
