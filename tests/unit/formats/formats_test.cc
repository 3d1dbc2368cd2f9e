#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "common/callgrind.h"
#include "common/drcov.h"
#include "common/html_report.h"
#include "common/line_coverage.h"
#include "common/output_file.h"

namespace weft::tools {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(OutputName, has_the_process_number_for_p_and_one_percent_for_two) {
  EXPECT_EQ(output_name("a.%p.txt", 12), "a.12.txt");
  EXPECT_EQ(output_name("100%%p%", 12), "100%p%");
  EXPECT_EQ(output_name("plain", 12), "plain");
}

TEST(OutputName, of_a_child_differs_from_its_parents) {
  EXPECT_EQ(output_name("plain", 12, true), "plain.12");
  EXPECT_EQ(output_name("a.%p", 12, true), "a.12");
  EXPECT_EQ(output_name("-", 12, true), "-");
}

TEST(OutputFile, is_not_there_until_it_is_finished) {
  const std::string path = testing::TempDir() + "weft-output-file-" + std::to_string(getpid());
  struct stat found {};
  {
    OutputFile file(path);
    file.write("half");
    EXPECT_NE(stat(path.c_str(), &found), 0);
  }
  EXPECT_NE(stat(path.c_str(), &found), 0);
  EXPECT_EQ(write_file(path, "whole"), "");
  EXPECT_EQ(contents(path), "whole");
  unlink(path.c_str());
}

TEST(OutputFile, that_is_a_device_is_written_to_and_not_replaced) {
  struct stat found {};
  EXPECT_EQ(write_file("/dev/null", "x"), "");
  ASSERT_EQ(stat("/dev/null", &found), 0);
  EXPECT_TRUE(S_ISCHR(found.st_mode));
  EXPECT_EQ(write_file("/dev/full", "x"), "cannot write /dev/full: No space left on device");
}

TEST(OutputFile, that_cannot_be_written_says_why) {
  EXPECT_EQ(write_file("/nowhere/file", "x"),
            "cannot write /nowhere/file: No such file or directory");
  EXPECT_EQ(write_file("/dev/full/x", "x"), "cannot write /dev/full/x: Not a directory");
}

TEST(Drcov, is_text_and_records_of_eight_bytes) {
  const DrcovModule modules[] = {{0x1000, 0x3000, 0, "/bin/a"},
                                 {0x5000, 0x6000, 0x5010, "/lib/b c"}};
  const Range blocks[] = {{0x1010, 0x1015}, {0x5fff, 0x6000}, {0x9000, 0x9004}};
  EXPECT_EQ(drcov(modules, blocks),
            "DRCOV VERSION: 2\nDRCOV FLAVOR: weft\nModule Table: version 2, count 2\n"
            "Columns: id, base, end, entry, path\n"
            "  0, 0x0000000000001000, 0x0000000000003000, 0x0000000000000000, /bin/a\n"
            "  1, 0x0000000000005000, 0x0000000000006000, 0x0000000000005010, /lib/b c\n"
            "BB Table: 2 bbs\n" +
                std::string("\x10\0\0\0\x05\0\0\0\xff\x0f\0\0\x01\0\x01\0", 16));
}

TEST(Drcov, a_block_longer_than_its_field_is_several) {
  const DrcovModule modules[] = {{0, 0x100000, 0, "/bin/a"}};
  const Range blocks[] = {{0x10, 0x10010}};
  const std::string text = drcov(modules, blocks);
  EXPECT_NE(text.find("BB Table: 2 bbs\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with(std::string("\x10\0\0\0\xff\xff\0\0\x0f\0\x01\0\x01\0\0\0", 16)));
}

TEST(LineCoverage, is_one_record_a_file_with_its_totals_for_lcov) {
  LineCoverage lcov;
  lcov.add_line("/src/b.c", 7, 0);
  lcov.add_line("/src/a.c", 3, 2);
  lcov.add_line("/src/a.c", 3, 0);
  lcov.add_line("/src/a.c", 4, 0);
  lcov.add_function("/src/a.c", "main", 3, 1);
  EXPECT_EQ(lcov.lcov("t"),
            "TN:t\nSF:/src/a.c\nFN:3,main\nFNDA:1,main\nFNF:1\nFNH:1\nDA:3,2\nDA:4,0\nLF:2\nLH:1\n"
            "end_of_record\nTN:t\nSF:/src/b.c\nFNF:0\nFNH:0\nDA:7,0\nLF:1\nLH:0\nend_of_record\n");
}

TEST(LineCoverage, is_one_package_a_folder_for_cobertura) {
  LineCoverage lines;
  lines.add_line("/s&c/b.c", 7, 0);
  lines.add_line("/s&c/a.c", 3, 2);
  lines.add_line("/lib/c.c", 4, 1);
  const std::string text = lines.cobertura(99);
  EXPECT_NE(text.find("<coverage line-rate=\"0.6667\" lines-covered=\"2\" lines-valid=\"3\""),
            std::string::npos);
  EXPECT_NE(text.find("<package name=\"/s&amp;c\" line-rate=\"0.5000\""), std::string::npos);
  EXPECT_NE(text.find("<class name=\"a.c\" filename=\"s&amp;c/a.c\" line-rate=\"1.0000\""),
            std::string::npos);
  EXPECT_NE(text.find("<line number=\"3\" hits=\"2\"/>"), std::string::npos);
  EXPECT_NE(text.find("timestamp=\"99\""), std::string::npos);
}

TEST(Callgrind, names_are_written_once) {
  CallgrindProfile profile;
  const ProfileFunction main{"/bin/a", "a.c", "main"};
  const ProfileFunction work{"/bin/a", "", "work"};
  profile.add_cost(main, 3, 10);
  profile.add_cost(work, 0, 90);
  profile.add_call(main, 4, work, 2, 90);
  EXPECT_EQ(profile.total(), 100U);
  const std::string text = profile.text("a b", 7);
  EXPECT_NE(text.find("pid: 7\ncmd: a b\n"), std::string::npos);
  EXPECT_NE(text.find("ob=(1) /bin/a\nfl=(1) ???\nfn=(1) work\n0 90\n"), std::string::npos) << text;
  EXPECT_NE(text.find("ob=(1)\nfl=(2) a.c\nfn=(2) main\n3 10\n"
                      "cob=(1)\ncfi=(1)\ncfn=(1)\ncalls=2 0\n4 90\n"),
            std::string::npos)
      << text;
}

TEST(HtmlReport, what_a_program_is_called_is_no_markup) {
  HtmlReport report("a<b>");
  report.table("t", {{"name", false}, {"n", true}}, {{"<script>&", "1"}});
  const std::string text = report.text();
  EXPECT_NE(text.find("<title>a&lt;b&gt;</title>"), std::string::npos);
  EXPECT_NE(text.find("<td>&lt;script&gt;&amp;</td><td class=\"n\">1</td>"), std::string::npos);
}

}  // namespace
}  // namespace weft::tools
