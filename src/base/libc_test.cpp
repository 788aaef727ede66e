// SPDX-License-Identifier: MIT

#include "base/libc.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>

#include <gtest/gtest.h>

#include "base/sanitizers.hpp"

namespace tendril {
namespace {

using detail::libc;

constexpr const char* names[] = {
#define TENDRIL_NAME(name) #name,
    TENDRIL_LIBC_FUNCTIONS(TENDRIL_NAME)
#undef TENDRIL_NAME
};

TEST(Libc, HoldsOnePointerForEachName) {
    EXPECT_EQ(libc.bytes().size(), std::size(names) * sizeof(void*));
    EXPECT_EQ(libc.bytes().data(), reinterpret_cast<const std::byte*>(&libc));
}

#if !defined(TENDRIL_ASAN) && !defined(TENDRIL_TSAN)

void* at(const detail::Libc& table, std::size_t index) {
    void* function = nullptr;
    std::memcpy(&function, table.bytes().data() + index * sizeof function, sizeof function);
    return function;
}

TEST(Libc, IsTheCLibrarysOwnOnceDetached) {
    detail::Libc table;
    table.detach();
    void* const handle = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    ASSERT_NE(handle, nullptr);
    for (std::size_t i = 0; i < std::size(names); ++i) {
        EXPECT_EQ(at(table, i), ::dlsym(handle, names[i])) << names[i];
        Dl_info info{};
        ASSERT_NE(::dladdr(at(table, i), &info), 0) << names[i];
        EXPECT_NE(std::strstr(info.dli_fname, "libc.so"), nullptr) << names[i] << " is in " << info.dli_fname;
    }
    ::dlclose(handle);
}

TEST(Libc, DetachAgainChangesNothing) {
    detail::Libc table;
    table.detach();
    detail::Libc again = table;
    again.detach();
    EXPECT_EQ(std::memcmp(&table, &again, sizeof table), 0);
}

TEST(Libc, FindsNothingThatTheCLibraryHasNot) {
    EXPECT_EQ(detail::find_in_libc("tendril_no_such_function"), nullptr);
    EXPECT_NE(detail::find_in_libc("getpid"), nullptr);
}

#endif

TEST(Libc, CallsTheSystem) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    EXPECT_EQ(libc.write(ends[1], "x", 1), 1);
    char c = 0;
    EXPECT_EQ(libc.read(ends[0], &c, 1), 1);
    EXPECT_EQ(c, 'x');
    EXPECT_EQ(libc.fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    EXPECT_EQ(libc.read(ends[0], &c, 1), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(libc.close(ends[0]), 0);
    EXPECT_EQ(libc.close(ends[1]), 0);
}

}  // namespace
}  // namespace tendril
