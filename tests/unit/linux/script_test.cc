#include "linux/image/script.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace weft::linux {
namespace {

ScriptLine parse(std::string_view text) {
  auto line = parse_script_line(text);
  EXPECT_TRUE(line.ok() && line.value().has_value()) << text;
  return line.ok() && line.value() ? *line.value() : ScriptLine{};
}

void expect_invalid(std::string_view text) {
  const auto line = parse_script_line(text);
  ASSERT_FALSE(line.ok()) << text;
  EXPECT_EQ(line.error().code, ENOEXEC);
}

TEST(Script, OnlyAFileThatStartsWithTheMarkIsOne) {
  EXPECT_FALSE(parse_script_line("").value().has_value());
  EXPECT_FALSE(parse_script_line("#").value().has_value());
  EXPECT_FALSE(parse_script_line(" #!/bin/sh\n").value().has_value());
  EXPECT_TRUE(parse_script_line("#!/bin/sh").value().has_value());
}

TEST(Script, EverythingBehindTheInterpreterIsOneArgument) {
  const ScriptLine line = parse("#! \t/usr/bin/env  perl -w \t\nrest");
  EXPECT_EQ(line.interpreter, "/usr/bin/env");
  EXPECT_EQ(line.argument, "perl -w");
  EXPECT_FALSE(parse("#!/bin/sh\n").argument);
  EXPECT_FALSE(parse("#!/bin/sh \n").argument);
  EXPECT_FALSE(parse("#!/bin/sh").argument);
  EXPECT_EQ(parse("#!sh -e\n").interpreter, "sh");
}

TEST(Script, BlanksBeforeTheEndOfTheFileCountAsAnArgument) {
  // Odd, but the kernel's: it trims the line's end, and without a newline that is the window's.
  EXPECT_EQ(parse("#!/bin/sh ").argument, "");
  EXPECT_EQ(parse("#!/bin/sh -e ").argument, "-e ");
}

TEST(Script, AnEmptyNameIsInvalid) {
  expect_invalid("#!\n/bin/sh");
  expect_invalid("#!  \t \n");
  EXPECT_EQ(parse(std::string_view("#!\0/bin/sh\n", 11)).interpreter, "");
}

TEST(Script, ANameThatMayGoOnBeyondTheWindowIsInvalid) {
  expect_invalid("#!/" + std::string(300, 'x').substr(0, kScriptWindow - 3));
  const std::string fits = "#!/" + std::string(100, 'x') + " " + std::string(300, 'y');
  const ScriptLine line = parse(fits.substr(0, kScriptWindow));
  EXPECT_EQ(line.interpreter.size(), 101u);
  // The argument is cut, as the kernel cuts it: the last byte of its buffer is a terminator.
  EXPECT_EQ(line.argument->size(), kScriptWindow - 1 - 2 - 101 - 1);
}

}  // namespace
}  // namespace weft::linux
