// A script of weft trace: its syntax tree. Made by parse(), constant afterwards; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weft::tools::trace {

/// Where something stands in the script's text, counted from 0.
using Position = uint32_t;

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

enum class Operator : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kAnd,
  kOr,
  kXor,
  kShiftLeft,
  kShiftRight,
  kEqual,
  kNotEqual,
  kLess,
  kNotGreater,
  kGreater,
  kNotLess,
  kBoth,
  kEither,
  kNegate,
  kNot,
  kInvert,
};

/// Values that the place of a probe has.
enum class Builtin : uint8_t {
  kArgument,
  kRegister,
  kReturned,
  kPid,
  kTid,
  kComm,
  kNsecs,
  kElapsed,
  kProbe,
  kFunction,
  kCaller,
  kAddress,
  kSize,
  kName,
  kPc,
  kModule,
  kParameter,
  kStack,
};

enum class Call : uint8_t {
  kStr,
  kSym,
  kPrintf,
  kPrint,
  kClear,
  kZero,
  kDelete,
  kExit,
  kCount,
  kSum,
  kAvg,
  kMin,
  kMax,
  kStats,
  kHist,
  kLhist,
};

struct Expression {
  enum class Kind : uint8_t {
    kNumber,
    kText,
    kBuiltin,
    kVariable,
    kMap,
    kUnary,
    kBinary,
    kChoice,
    kRead,
    kCall,
  };
  Kind kind = Kind::kNumber;
  Position position = 0;
  int64_t number = 0;  ///< kNumber; kBuiltin: which argument or register, or how many frames;
                       ///< kRead: bytes
  std::string text;    ///< kText; names of variables and maps, without $ and @; of parameters,
                       ///< with their fields: see SymbolFile::parameter()
  Builtin builtin = Builtin::kPid;
  Operator op = Operator::kAdd;
  Call call = Call::kStr;
  bool is_signed = false;               ///< kRead
  std::vector<ExpressionPtr> operands;  ///< of operators, calls; the keys of a map
};

struct Statement {
  enum class Kind : uint8_t { kExpression, kAssign, kIf, kIncrement };
  Kind kind = Kind::kExpression;
  ExpressionPtr target;              ///< kAssign, kIncrement: a map or a variable
  ExpressionPtr value;               ///< kAssign, kExpression; kIf: the condition
  int64_t step = 1;                  ///< kIncrement
  std::vector<Statement> body;       ///< kIf
  std::vector<Statement> otherwise;  ///< kIf
};

struct Probe {
  enum class Kind : uint8_t {
    kBegin,
    kEnd,
    kFunction,
    kReturn,
    kOffset,
    kLine,
    kBlock,
    kInstruction,
    kLoad,
    kStore,
    kSyscall,
    kSyscallReturn,
    kSignal,
    kThreadStart,
    kThreadEnd,
    kModuleLoad,
    kInterval,
  };
  Kind kind = Kind::kBegin;
  Position position = 0;
  std::string text;           ///< as written
  std::string module;         ///< glob; empty: any
  std::string name;           ///< glob of a function, a mnemonic or a system call; kLine: a file
  uint64_t number = 0;        ///< kOffset; kLine: the line; kInterval: milliseconds
  mutable bool is_on = true;  ///< for Probes
};

struct Action {
  std::vector<Probe> probes;
  ExpressionPtr filter;  ///< null: none
  std::vector<Statement> body;
  std::vector<const Expression*> parameters;  ///< all of them that it has
};

struct Script {
  std::vector<Action> actions;
};

/// What is wrong with a script, and where.
struct ScriptError {
  Position position;
  std::string message;
};

/// Throws ScriptError. (Within the tool only; nothing is thrown out of it.)
Script parse(const std::string& text);

/// "1:15: message", the line concerned and a mark below the place.
std::string describe(const ScriptError& error, const std::string& text);

/// * and ? as in file names.
bool glob_matches(const std::string& pattern, const std::string& text);

}  // namespace weft::tools::trace
