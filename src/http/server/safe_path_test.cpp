// SPDX-License-Identifier: MIT

#include <tendril/http/safe_path.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <tendril/http/message.hpp>

#include "folder.hpp"
#include "green_test.hpp"

namespace tendril::http {
namespace {

using namespace std::string_literals;

TEST(SafePath, joinsWhatStaysBelow) {
    EXPECT_EQ(safe_join("/r", "a/b.txt"), "/r/a/b.txt");
    EXPECT_EQ(safe_join("/r/", "a"), "/r/a");
    EXPECT_EQ(safe_join("/r", ""), "/r");
    EXPECT_EQ(safe_join("/r", "./a//b/./"), "/r/a/b");
    EXPECT_EQ(safe_join("", "a"), "./a");
    EXPECT_EQ(safe_join("/r", "..a/b.."), "/r/..a/b..");
}

TEST(SafePath, refusesTheRest) {
    for (const std::string& path : {"/etc/passwd"s, ".."s, "a/.."s, "../a"s, "a/../../b"s, "a\0.png"s, "a\nb"s, "a\\b"s,
                                    std::string(5000, 'a')}) {
        EXPECT_EQ(safe_join("/r", path), std::nullopt) << path;
    }
}

TENDRIL_TEST(SafePathFiles, NoLinkLeadsOut) {
    const testing::TemporaryFolder folder;
    const std::filesystem::path root = std::filesystem::path(folder.path()) / "root";
    std::filesystem::create_directories(root / "in");
    std::ofstream(root / "in/file") << "inside";
    std::ofstream(root.parent_path() / "secret") << "outside";
    std::filesystem::create_symlink("../secret", root / "link");
    std::filesystem::create_directory_symlink("..", root / "up");
    char buffer[10];
    File file = open_beneath(root.string(), "in/file");
    EXPECT_EQ(std::string(buffer, file.recv(buffer)), "inside");
    for (const char* path : {"link", "up/secret", "../secret", "none", "in", ""}) {
        try {
            open_beneath(root.string(), path);
            ADD_FAILURE() << path;
        } catch (const StatusError& e) {
            EXPECT_EQ(e.status(), 404) << path;
        }
    }
}

}  // namespace
}  // namespace tendril::http
