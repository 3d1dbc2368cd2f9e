// The words and signs of the language. Constant tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "trace/script.h"

namespace weft::tools::trace {

struct NamedBuiltin {
  std::string_view name;
  Builtin builtin;
  int64_t number;
};

// Registers by their numbers in instructions.
inline constexpr NamedBuiltin kBuiltins[] = {
    {"retval", Builtin::kReturned, 0}, {"pid", Builtin::kPid, 0},
    {"tid", Builtin::kTid, 0},         {"comm", Builtin::kComm, 0},
    {"nsecs", Builtin::kNsecs, 0},     {"elapsed", Builtin::kElapsed, 0},
    {"probe", Builtin::kProbe, 0},     {"func", Builtin::kFunction, 0},
    {"caller", Builtin::kCaller, 0},   {"addr", Builtin::kAddress, 0},
    {"size", Builtin::kSize, 0},       {"name", Builtin::kName, 0},
    {"pc", Builtin::kPc, 0},           {"module", Builtin::kModule, 0},
    {"rax", Builtin::kRegister, 0},    {"rcx", Builtin::kRegister, 1},
    {"rdx", Builtin::kRegister, 2},    {"rbx", Builtin::kRegister, 3},
    {"rsp", Builtin::kRegister, 4},    {"rbp", Builtin::kRegister, 5},
    {"rsi", Builtin::kRegister, 6},    {"rdi", Builtin::kRegister, 7},
    {"r8", Builtin::kRegister, 8},     {"r9", Builtin::kRegister, 9},
    {"r10", Builtin::kRegister, 10},   {"r11", Builtin::kRegister, 11},
    {"r12", Builtin::kRegister, 12},   {"r13", Builtin::kRegister, 13},
    {"r14", Builtin::kRegister, 14},   {"r15", Builtin::kRegister, 15},
    {"ustack", Builtin::kStack, 127},  {"arg0", Builtin::kArgument, 0},
    {"arg1", Builtin::kArgument, 1},   {"arg2", Builtin::kArgument, 2},
    {"arg3", Builtin::kArgument, 3},   {"arg4", Builtin::kArgument, 4},
    {"arg5", Builtin::kArgument, 5},   {"arg6", Builtin::kArgument, 6},
    {"arg7", Builtin::kArgument, 7},   {"arg8", Builtin::kArgument, 8},
    {"arg9", Builtin::kArgument, 9}};

struct NamedCall {
  std::string_view name;
  Call call;
  size_t fewest, most;
  bool aggregates;
};

inline constexpr NamedCall kCalls[] = {
    {"str", Call::kStr, 1, 2, false},     {"sym", Call::kSym, 1, 1, false},
    {"usym", Call::kSym, 1, 1, false},    {"printf", Call::kPrintf, 1, 16, false},
    {"print", Call::kPrint, 1, 2, false}, {"clear", Call::kClear, 1, 1, false},
    {"zero", Call::kZero, 1, 1, false},   {"delete", Call::kDelete, 1, 1, false},
    {"exit", Call::kExit, 0, 0, false},   {"count", Call::kCount, 0, 0, true},
    {"sum", Call::kSum, 1, 1, true},      {"avg", Call::kAvg, 1, 1, true},
    {"min", Call::kMin, 1, 1, true},      {"max", Call::kMax, 1, 1, true},
    {"stats", Call::kStats, 1, 1, true},  {"hist", Call::kHist, 1, 1, true},
    {"lhist", Call::kLhist, 4, 4, true}};

struct NamedOperator {
  std::string_view sign;
  Operator op;
  int binding;  ///< the larger, the closer
};

inline constexpr NamedOperator kOperators[] = {
    {"||", Operator::kEither, 1},     {"&&", Operator::kBoth, 2},
    {"|", Operator::kOr, 3},          {"^", Operator::kXor, 4},
    {"&", Operator::kAnd, 5},         {"==", Operator::kEqual, 6},
    {"!=", Operator::kNotEqual, 6},   {"<", Operator::kLess, 7},
    {"<=", Operator::kNotGreater, 7}, {">", Operator::kGreater, 7},
    {">=", Operator::kNotLess, 7},    {"<<", Operator::kShiftLeft, 8},
    {">>", Operator::kShiftRight, 8}, {"+", Operator::kAdd, 9},
    {"-", Operator::kSubtract, 9},    {"*", Operator::kMultiply, 10},
    {"/", Operator::kDivide, 10},     {"%", Operator::kModulo, 10}};

struct NamedType {
  std::string_view name;
  int64_t bytes;
  bool is_signed;
};

inline constexpr NamedType kTypes[] = {
    {"u8", 1, false},    {"u16", 2, false},    {"u32", 4, false},    {"u64", 8, false},
    {"uint8", 1, false}, {"uint16", 2, false}, {"uint32", 4, false}, {"uint64", 8, false},
    {"i8", 1, true},     {"i16", 2, true},     {"i32", 4, true},     {"i64", 8, true},
    {"int8", 1, true},   {"int16", 2, true},   {"int32", 4, true},   {"int64", 8, true},
    {"char", 1, true},   {"short", 2, true},   {"int", 4, true},     {"long", 8, true}};

}  // namespace weft::tools::trace
