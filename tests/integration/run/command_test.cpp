// SPDX-License-Identifier: MIT
//
// The command `tendril run` itself: its options, what it refuses, what it leaves in the environment, and its report.

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "folder.hpp"
#include "run_program.hpp"

namespace tendril {
namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(RunCommand, saysHowItIsUsed) {
    const Outcome help = outcome_of(under_run({"--help"}));
    EXPECT_EQ(help.status, 0);
    EXPECT_TRUE(has(help.out, "usage: tendril run [options] [--] program [arguments]")) << help;
    for (const Words& wrong : {Words{}, Words{"--such", "true"}, Words{"--classes=io,x", "true"}, Words{"--classes"},
                               Words{"--watch=0", "true"}, Words{"--report=", "true"}, Words{"--children=1", "true"}}) {
        const Outcome refused = outcome_of(under_run(wrong));
        EXPECT_EQ(refused.status, 125) << refused;
        EXPECT_TRUE(has(refused.err, "tendril run --help")) << refused;
    }
    EXPECT_EQ(outcome_of({TENDRIL_PROGRAM}).status, 125);
    EXPECT_EQ(outcome_of({TENDRIL_PROGRAM, "dance"}).status, 125);
    EXPECT_EQ(outcome_of({TENDRIL_PROGRAM, "--version"}).out.substr(0, 8), "tendril ");
}

TEST(RunCommand, refusesWhatCannotBeRun) {
    const testing::TemporaryFolder folder;
    folder.write("text", "no program");
    folder.write("lost", "#!/no/such/interpreter\n");
    folder.write("damaged", std::string("\177ELF\2\1\1", 7));
    for (const char* name : {"lost", "damaged"}) {
        ::chmod(folder.path(name).c_str(), 0755);
    }
    const auto refused = [](const std::string& program, int status, const std::string& why) {
        const Outcome outcome = outcome_of(under_run({program}));
        EXPECT_EQ(outcome.status, status) << program;
        EXPECT_EQ(outcome.err.substr(0, 13), "tendril run: ");
        EXPECT_TRUE(has(outcome.err, why)) << outcome.err;
    };
    refused("tendril-no-such-program", 127, "not found in PATH");
    refused(folder.path("nothing"), 127, "No such file");
    refused(folder.path(), 126, "not a program");
    refused(folder.path("text"), 126, "Permission denied");
    refused(folder.path("lost"), 127, "No such file");
    refused(folder.path("damaged"), 126, "damaged");
    refused(posix_program("static"), 126, "static program");
    refused(TENDRIL_PROGRAM, 126, "tendril itself");
}

// Set-group-ID of a group that is not ours.
TEST(RunCommand, refusesProgramsWithOtherRights) {
    const testing::TemporaryFolder folder;
    const std::string program = folder.path("ends");
    std::filesystem::copy_file(posix_program("ends"), program);
    if (::chown(program.c_str(), static_cast<uid_t>(-1), ::getegid() + 1) != 0 ||
        ::chmod(program.c_str(), 02755) != 0) {
        GTEST_SKIP() << "this user may not give a file to another group";
    }
    const Outcome outcome = outcome_of(under_run({program}));
    EXPECT_EQ(outcome.status, 126);
    EXPECT_TRUE(has(outcome.err, "other rights")) << outcome;
}

TEST(RunCommand, findsProgramsInThePath) {
    EXPECT_EQ(outcome_of(under_run({"true"})), Outcome());
    EXPECT_EQ(outcome_of(under_run({"--", "false"})).status, 1);
    EXPECT_EQ(outcome_of(under_run({"cat", "-"}), "text\n"), (Outcome{0, "text\n", ""}));
}

// The program and its children find the environment that tendril was called in.
TEST(RunCommand, leavesNothingInTheEnvironment) {
    const char* const script = "import os; print(os.environ.get('LD_PRELOAD'), os.environ.get('TENDRIL_RUN'));"
                               "os.system('echo ${LD_PRELOAD-none} ${TENDRIL_RUN-none}')";
    const Outcome alone = outcome_of(under_run({"/usr/bin/python3", "-uc", script}));
    EXPECT_EQ(alone, (Outcome{0, "None None\nnone none\n", ""}));

    const Words with_other{"env", "LD_PRELOAD=libm.so.6"};
    const Outcome other = outcome_of(with_other + under_run({"/usr/bin/python3", "-uc", script}));
    EXPECT_EQ(other, (Outcome{0, "libm.so.6 None\nlibm.so.6 none\n", ""}));
}

// A report is written by each process that is cooperative.
std::size_t reports_in(const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find("tendril run: ", at)) != std::string::npos; ++at) {
        ++count;
    }
    return count;
}

TEST(RunCommand, reportsWhatWasPatched) {
    const Outcome outcome = outcome_of(under_run({"--report", "--except=keys", posix_program("sleep_sort"), "2", "1"}));
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.out, "1\n2\n");
    EXPECT_EQ(reports_in(outcome.err), 1U);
    EXPECT_TRUE(has(outcome.err, "posix_sleep_sort, process ")) << outcome.err;
    EXPECT_TRUE(has(outcome.err, "classes io,sleep,names,processes,sync,threads,signals\n")) << outcome.err;
}

TEST(RunCommand, appendsReportsToAFile) {
    const testing::TemporaryFolder folder;
    const Words command = under_run({"--report=" + folder.path("report"), posix_program("sleep_sort"), "1"});
    EXPECT_EQ(outcome_of(command), (Outcome{0, "1\n", ""}));
    EXPECT_EQ(outcome_of(command), (Outcome{0, "1\n", ""}));
    EXPECT_EQ(reports_in(outcome_of({"cat", folder.path("report")}).out), 2U);
}

TEST(RunCommand, staysOutOfShellsAndChildren) {
    const std::string program = posix_program("sleep_sort") + " 1";
    const std::string both = program + "; exec " + program;
    // The shell becomes the program; what it starts is plain.
    EXPECT_EQ(reports_in(outcome_of(under_run({"--report", "sh", "-c", both})).err), 1U);
    EXPECT_EQ(reports_in(outcome_of(under_run({"--report", "--children", "sh", "-c", both})).err), 2U);
    EXPECT_EQ(reports_in(outcome_of(under_run({"--report", "env", "nice", posix_program("sleep_sort"), "1"})).err), 1U);
    EXPECT_EQ(reports_in(outcome_of(under_run({"--report", "sh", "-c", "exit 0"})).err), 0U);
    const Words python{"/usr/bin/python3", "-c", "import os; os.system('exec " + program + "')"};
    EXPECT_EQ(reports_in(outcome_of(under_run(Words{"--report"} + python)).err), 1U);
    EXPECT_EQ(reports_in(outcome_of(under_run(Words{"--report", "--children"} + python)).err), 2U);
}

TEST(RunCommand, runsAScriptInItsInterpreter) {
    const testing::TemporaryFolder folder;
    folder.write("script", "#!/usr/bin/env python3\nprint('script')\n");
    ::chmod(folder.path("script").c_str(), 0755);
    const Outcome outcome = outcome_of(under_run({"--report", folder.path("script")}));
    EXPECT_EQ(outcome.out, "script\n");
    EXPECT_EQ(reports_in(outcome.err), 1U) << outcome.err;
}

TEST(RunCommand, watchesForWhatBlocks) {
    const Outcome outcome = outcome_of(under_run({"--watch=50", posix_program("blocks")}));
    EXPECT_EQ(outcome.out, "done\n");
    EXPECT_TRUE(has(outcome.err, "has held the hub")) << outcome.err;
    EXPECT_TRUE(has(outcome.err, "compute_for_long")) << outcome.err;
}

}  // namespace
}  // namespace tendril
