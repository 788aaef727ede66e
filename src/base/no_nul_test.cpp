// SPDX-License-Identifier: MIT

#include "base/no_nul.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>

#include "base/sys.hpp"

namespace tendril {
namespace {

TEST(NoNul, NamesWhatItRefuses) {
    EXPECT_NO_THROW(detail::require_no_nul("/etc/passwd", "a path"));
    try {
        detail::require_no_nul({"x\0.png", 6}, "File::open: a path");
        FAIL();
    } catch (const std::invalid_argument& e) {
        EXPECT_STREQ(e.what(), "File::open: a path contains a zero byte: \"x\\x00.png\"");
    }
}

TEST(NoNul, TheSystemIsNeverAskedForAPartOfAPath) {
    const std::string path("/dev/null\0.png", 14);
    sys::FileStatus status{};
    EXPECT_EQ(sys::open(path, O_RDONLY), -EINVAL);
    EXPECT_EQ(sys::file_status(path, status), -EINVAL);
    EXPECT_EQ(sys::access(path, R_OK), -EINVAL);
    EXPECT_EQ(sys::unlink(path), -EINVAL);
    EXPECT_EQ(sys::rename(path, "/dev/null/x"), -EINVAL);
    EXPECT_EQ(sys::rename("/dev/null/x", path), -EINVAL);
    EXPECT_EQ(sys::open_at(AT_FDCWD, path, O_RDONLY), -EINVAL);
    EXPECT_EQ(sys::open_beneath(AT_FDCWD, path, O_RDONLY), -EINVAL);
    EXPECT_FALSE(sys::is_link(path));
    EXPECT_EQ(sys::inotify_add(-1, path, 0), -EINVAL);
}

}  // namespace
}  // namespace tendril
