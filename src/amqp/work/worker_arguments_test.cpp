// SPDX-License-Identifier: MIT

#include "amqp/work/worker_arguments.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tendril::amqp::detail {
namespace {

using namespace std::chrono_literals;

WorkerArguments parsed(const std::vector<std::string_view>& arguments,
                       const std::map<std::string, std::string>& environment = {}) {
    return parse_worker_arguments(arguments, [&](const char* name) {
        const auto at = environment.find(name);
        return at != environment.end() ? std::optional<std::string>(at->second) : std::nullopt;
    });
}

TEST(AmqpWorkerArguments, TheCommandLineIsStrongerThanTheEnvironment) {
    const WorkerArguments got =
        parsed({"--queue", "pages", "--concurrency=7", "--drain", "2m", "--processes", "3", "--hubs=2"},
               {{"TENDRIL_WORKER_CONCURRENCY", "9"}, {"TENDRIL_WORKER_URL", "amqp://a"}});
    EXPECT_EQ(got.queue, "pages");
    EXPECT_EQ(got.options.concurrency, 7);
    EXPECT_EQ(got.options.drain, Duration(2min));
    EXPECT_EQ(got.processes, 3u);
    EXPECT_EQ(got.hubs, 2u);
    EXPECT_EQ(parsed({"--queue=q"}).hubs, 1u);
    EXPECT_EQ(got.url, "amqp://a");
    EXPECT_EQ(got.what, WorkerArguments::What::run);
    EXPECT_FALSE(got.options.once);
    EXPECT_TRUE(parsed({"--once", "--queue=q"}).options.once);
    EXPECT_EQ(parsed({"--list"}).what, WorkerArguments::What::list);
    EXPECT_EQ(parsed({"--check", "--queue=q"}).what, WorkerArguments::What::check);
}

TEST(AmqpWorkerArguments, WrongOnesAreRefused) {
    for (const std::vector<std::string_view>& arguments :
         std::vector<std::vector<std::string_view>>{{},
                                                    {"--queue"},
                                                    {"--queue=q", "--concurrency=0"},
                                                    {"--queue=q", "--concurrency=x"},
                                                    {"--queue=q", "--concurrency=65536"},
                                                    {"--queue=q", "--hubs=1025"},
                                                    {"--queue=q", "--drain=1h"},
                                                    {"--queue=q", "--once", "--processes=2"},
                                                    {"--queue=q", "--unknown=1"},
                                                    {"--queue=q", "stray"}}) {
        EXPECT_THROW(parsed(arguments), std::invalid_argument);
    }
    try {
        parsed({"--queue=q", "--url=amqp://u:secret@h:x"});
        FAIL();
    } catch (const std::invalid_argument& e) {
        EXPECT_EQ(std::string_view(e.what()).find("secret"), std::string_view::npos);
    }
}

TEST(AmqpWorkerArguments, TheHelpNamesEveryOption) {
    const std::string help = worker_help("worker");
    for (const char* option : {"--url", "--queue", "--concurrency", "--processes", "--hubs", "--drain", "--capacity",
                               "--deliveries", "--once", "--list", "--check", "TENDRIL_WORKER_URL"}) {
        EXPECT_NE(help.find(option), std::string::npos) << option;
    }
}

}  // namespace
}  // namespace tendril::amqp::detail
