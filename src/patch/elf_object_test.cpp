// SPDX-License-Identifier: MIT

#include "patch/elf_object.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "patch/raw_syscalls.hpp"
#include "patch/test_library.hpp"

namespace tendril::patch {
namespace {

using detail::ElfObject;
using detail::ImportSlot;
using Objects = std::vector<ElfObject>;

TEST(ElfObject, TheProgramIsFirstAndTheOthersHaveNames) {
    const testing::Library library("needs_reader");
    detail::with_loaded_objects([](const Objects& objects) {
        ASSERT_FALSE(objects.empty());
        EXPECT_TRUE(objects.front().is_program());
        EXPECT_TRUE(objects.front().is_dynamic());
        EXPECT_FALSE(objects.front().path().empty());
        const auto found = std::find_if(objects.begin(), objects.end(), [](const ElfObject& object) {
            return object.soname() == "libneeds_reader.so";
        });
        ASSERT_NE(found, objects.end());
        EXPECT_EQ(found->file(), "libneeds_reader.so");
        EXPECT_NE(std::find(found->needed().begin(), found->needed().end(), "libreader_needed.so"),
                  found->needed().end());
        std::set<std::string> imports;
        found->for_each_import_slot([&imports, &found](const ImportSlot& slot) {
            imports.emplace(slot.symbol);
            EXPECT_TRUE(found->contains(reinterpret_cast<std::uintptr_t>(slot.place)));
        });
        EXPECT_EQ(imports.count("close"), 1U);
        EXPECT_EQ(imports.count("semop"), 1U);
        EXPECT_EQ(imports.count("reader_call"), 1U);
        EXPECT_EQ(imports.count("needs_reader_call"), 0U) << "its own";
    });
}

TEST(ElfObject, ErrorsComeThroughTheDynamicLinker) {
    EXPECT_THROW(detail::with_loaded_objects([](const Objects&) { throw std::runtime_error("x"); }),
                 std::runtime_error);
    std::size_t count = 0;
    detail::with_loaded_objects([&count](const Objects& objects) { count = objects.size(); });
    EXPECT_GT(count, 2U) << "the lock is free again";
}

TEST(ElfObject, LoadsAreCounted) {
    const detail::LoadCount before = detail::load_count();
    { const testing::Library library("reader_now"); }
    const detail::LoadCount after = detail::load_count();
    EXPECT_GT(after.loaded, before.loaded);
    EXPECT_GT(after.unloaded, before.unloaded);
    EXPECT_EQ(detail::load_count(), after);
}

// A loaded object's tables, in memory of ours, where anything may stand in them.
struct Image {
    alignas(4096) std::byte bytes[8192] = {};
    ElfW(Phdr) headers[2] = {};
    dl_phdr_info info{};

    Image() {
        headers[0].p_type = PT_LOAD;
        headers[0].p_memsz = sizeof bytes;
        headers[0].p_flags = PF_R | PF_W;
        headers[1].p_type = PT_DYNAMIC;
        headers[1].p_vaddr = 0;
        headers[1].p_memsz = 16 * sizeof(ElfW(Dyn));
        info.dlpi_addr = reinterpret_cast<ElfW(Addr)>(bytes);
        info.dlpi_name = "image";
        info.dlpi_phdr = headers;
        info.dlpi_phnum = 2;
    }
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;
};

TEST(ElfObject, DamagedTablesAreReadWithinTheirSegments) {
    std::mt19937 random(20261129);
    constexpr ElfW(Sxword) tags[] = {DT_STRTAB, DT_STRSZ,    DT_SYMTAB, DT_RELA,   DT_RELASZ,
                                     DT_JMPREL, DT_PLTRELSZ, DT_NEEDED, DT_SONAME, DT_PLTREL};
    for (int round = 0; round < 3000; ++round) {
        Image image;
        for (std::byte& byte : image.bytes) {
            byte = static_cast<std::byte>(random() % 4 == 0 ? random() : random() % 8);
        }
        auto* const entries = reinterpret_cast<ElfW(Dyn)*>(image.bytes);
        for (std::size_t i = 0; i < 16; ++i) {
            entries[i].d_tag = tags[random() % std::size(tags)];
            entries[i].d_un.d_val = random() % 3 == 0 ? ~ElfW(Xword){0} - random() % 64 : random() % 9000;
        }
        const ElfObject object(image.info, false);
        object.for_each_import_slot([&object](const ImportSlot& slot) {
            EXPECT_TRUE(object.contains(reinterpret_cast<std::uintptr_t>(slot.place)));
        });
        EXPECT_EQ(object.canonical_entry("no such name"), 0U);
    }
}

#if defined(__x86_64__) || defined(__aarch64__)
TEST(RawSyscalls, AreFoundInCode) {
    const testing::Library raw("reader_constructor");
    const testing::Library plain("reader_now");
    detail::with_loaded_objects([](const Objects& objects) {
        for (const ElfObject& object : objects) {
            if (object.soname() == "libreader_constructor.so") {
                EXPECT_EQ(count_raw_syscalls(object), 1U);
            } else if (object.soname() == "libreader_now.so") {
                EXPECT_EQ(count_raw_syscalls(object), 0U);
            } else if (object.soname() == "libc.so.6") {
                EXPECT_GT(count_raw_syscalls(object), 200U);
            }
        }
    });
}
#endif

}  // namespace
}  // namespace tendril::patch
