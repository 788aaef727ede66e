// SPDX-License-Identifier: MIT
//
// AddressNames and demangled().

#include "base/symbol.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <string>

#include "base/symbol_table.hpp"

namespace tendril::detail {
namespace {

volatile int sink = 0;

[[gnu::noinline]] const void* return_address() {
    return __builtin_return_address(0);
}

[[gnu::noinline]] const void* a_static_function(int) {
    const void* address = return_address();
    sink = sink + 1;
    return address;
}

TEST(AddressNames, AStaticFunctionOfTheProgram) {
    AddressNames names;
    const std::string& text = names.of(a_static_function(1));
    EXPECT_TRUE(std::regex_match(
        text, std::regex(R"(.*\(anonymous namespace\)::a_static_function\(int\).*\+0x[0-9a-f]+ \(.*\+0x[0-9a-f]+\))")))
        << text;
    EXPECT_EQ(&names.of(a_static_function(2)), &text) << "the same place, looked up once";
}

TEST(AddressNames, AFunctionOfALibrary) {
    AddressNames names;
    const std::string text = names.of(reinterpret_cast<const char*>(&std::abort) + 1);
    EXPECT_NE(text.find("abort+0x1 ("), std::string::npos) << text;
}

TEST(AddressNames, WhatLiesInNoFileIsANumber) {
    AddressNames names;
    const int on_the_stack = 0;
    EXPECT_TRUE(std::regex_match(names.of(&on_the_stack), std::regex("0x[0-9a-f]+")));
    EXPECT_EQ(names.of(nullptr), "0x0");
}

TEST(SymbolTable, FilesThatHaveNone) {
    for (const char* file : {"/dev/null", "/nowhere/at/all", "/proc/self/maps", "/"}) {
        EXPECT_EQ(SymbolTable(file).find(0x1000), nullptr) << file;
    }
}

TEST(SymbolTable, NothingIsFoundOutsideOfTheFunctions) {
    const SymbolTable program("/proc/self/exe");
    EXPECT_EQ(program.find(0), nullptr);
    EXPECT_EQ(program.find(UINTPTR_MAX), nullptr);
}

TEST(Demangled, WhatIsNoMangledNameStays) {
    EXPECT_EQ(demangled("_ZN7tendril5sleepENS_8DeadlineE"), "tendril::sleep(tendril::Deadline)");
    EXPECT_EQ(demangled("main"), "main");
}

}  // namespace
}  // namespace tendril::detail
