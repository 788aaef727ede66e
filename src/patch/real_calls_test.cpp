// SPDX-License-Identifier: MIT

#include "patch/real_calls.hpp"

#include <cstring>
#include <iterator>

#include <gtest/gtest.h>

namespace tendril::patch {
namespace {

using detail::RealCalls;

constexpr const char* names[] = {
#define TENDRIL_NAME(name) #name,
    TENDRIL_REAL_CALLS(TENDRIL_NAME)
#undef TENDRIL_NAME
};

TEST(RealCalls, AreTheCLibrarysOwnOnceDetached) {
    RealCalls table;
    ASSERT_EQ(table.bytes().size(), std::size(names) * sizeof(void*));
    table.detach();
    void* const handle = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    ASSERT_NE(handle, nullptr);
    for (std::size_t i = 0; i < std::size(names); ++i) {
        void* function = nullptr;
        std::memcpy(&function, table.bytes().data() + i * sizeof function, sizeof function);
        EXPECT_EQ(function, ::dlsym(handle, names[i])) << names[i];
        Dl_info info{};
        ASSERT_NE(::dladdr(function, &info), 0) << names[i];
        EXPECT_NE(std::strstr(info.dli_fname, "libc.so"), nullptr) << names[i] << " is in " << info.dli_fname;
    }
    ::dlclose(handle);
}

TEST(RealCalls, WorkBeforeToo) {
    EXPECT_EQ(detail::real.thrd_equal(detail::real.thrd_current(), ::thrd_current()), 1);
    EXPECT_EQ(detail::real.pthread_equal(::pthread_self(), ::pthread_self()), 1);
}

}  // namespace
}  // namespace tendril::patch
