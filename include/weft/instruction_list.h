// Blocks as edited lists: a tool that needs more than additions (see weft/block.h) lays out a
// block's code itself, item by item. Lists is got from Process::lists() and lives as long as the
// process; an InstructionList is valid during the call that it is made for, on the thread that
// builds the block.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "weft/instruction.h"
#include "weft/process.h"
#include "weft/versions.h"

namespace weft {

/// What a block is built for.
enum class ListUse : uint8_t {
  kBlock,   ///< to stay in the cache
  kTrace,   ///< as a part of a trace: once for each of its blocks, in their order
  kOneRun,  ///< to be run once, while it is found out which blocks a trace has
};

/// A place in one list. Jumps lead to it from before and behind.
class ListLabel {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};
  ListLabel() = default;
  explicit ListLabel(uint32_t number) : number_(number) {}
  uint32_t number() const { return number_; }
  bool is_label() const { return number_ != kNone; }

 private:
  uint32_t number_ = kNone;
};

/// One instruction as machine code. Where it names memory by rip, or is a direct jump or call, the
/// displacement in `bytes` does not count (it may be 0 and of any size): `target` says where it
/// leads, or `label` does.
struct ListCode {
  std::span<const uint8_t> bytes = {};  ///< exactly one instruction; copied
  uint64_t target = 0;
  ListLabel label = {};
  /// The program address that a fault in the instruction shows. application(): one has to be given,
  /// maybe the block's tag. insert(): 0 if a fault there is the tool's own; see Lists::on_fault().
  Address translation = 0;
  /// application(), calls: the return address that the call pushes. 0: the address behind the
  /// program's instruction at `translation` if the block has one there, else `translation` plus the
  /// length of `bytes`.
  Address return_to = 0;
  uint32_t note = 0;  ///< of the tool's, told with a fault; 30 bits
};

/// Memory as an instruction names it: base + index * scale + displacement, in the segment.
struct ListMemory {
  enum class Segment : uint8_t {
    kNone,
    kFs,     ///< the program's
    kGs,     ///< the program's, not that of slots
    kSlots,  ///< the thread's slots: `displacement` is what Lists::new_slots() gave, no registers
  };
  Segment segment = Segment::kNone;
  Register base = Register::kNone;
  Register index = Register::kNone;
  uint8_t scale = 1;  ///< 1, 2, 4 or 8
  int64_t displacement = 0;
  bool narrow = false;  ///< the address is of 32 bits
};

/// What a clean call is given; looked at when the call is made, in the machine's state at its
/// place.
struct ListArgument {
  enum class Kind : uint8_t {
    kConstant,  ///< `number`
    kRegister,  ///< the low `size` bytes of `reg`, zero-extended
    kHighByte,  ///< bits 8 to 15 of `reg` (ah, ch, dh, bh)
    kMemory,    ///< `size` bytes (1, 2, 4, 8), zero-extended; 0 where they cannot be read
    kAddress,   ///< of `memory`, segment base included
    kFlags,     ///< rflags
    kThread,    ///< Thread*
    kThreadId,  ///< the kernel's number of the thread
    kContext,   ///< CallContext*
  };
  Kind kind = Kind::kConstant;
  uint8_t size = 8;
  Register reg = Register::kNone;
  uint64_t number = 0;
  ListMemory memory = {};
};

/// A clean call: the machine's whole state (general registers, flags, vector and x87 state, fs) is
/// saved, `function` is called on the thread's runtime stack, and all of it is restored, as the
/// function left it in its CallContext. No flag, no register, nothing on the program's stack and no
/// slot is used by it, so nothing has to be saved around it. As with Insertion::call(), what the
/// function provably leaves alone is not saved. What CallContext shows are the machine's registers:
/// a list that keeps a value of the program's in a slot at that place has to know it. The function
/// may do what one of Insertion::call() may, redirect() included: the rest of the list then does
/// not run.
struct ListCall {
  static constexpr size_t kMostArguments = 16;
  void (*function)() = nullptr;  ///< takes integers and pointers only
  std::span<const ListArgument> arguments = {};
  Address translation = 0;  ///< what CallContext::pc() says; 0: the tag
};

/// A block's list: empty at first, filled from its start to its end. The program's instructions are
/// those of one basic block, at most 128, up to the first that transfers control; they are shown as
/// Block shows them. Nothing here is thread-safe, and what is wrong stops the process with a line
/// that names the tool, the block and the item.
///
/// **Machine state.** The list is entered at its start with the program's state, and has to leave
/// with it, by whatever way; between the two it may keep the program's values where it likes. weft
/// saves and restores nothing around inserted code. Mangled program instructions use slots of their
/// own and leave flags and registers as the program's instruction does. The program's stack below
/// rsp (128 bytes of red zone) is the program's: push and call only where that is known to be free.
/// fs is the program's; gs leads to slots (below) and is not to be loaded.
///
/// **Signals.** One that comes while a thread is in the list waits until it leaves, or is at the
/// start again: the program never sees it with half of a list run. So does a repeated string
/// instruction, unless no code was inserted in front of it. The thread is single-stepped meanwhile:
/// pushf in inserted code may push a trap flag, which popf there does not take for the program's.
///
/// **Deletion.** A deleted fragment is left by its next exit. Exits are all ways to program
/// addresses. Jumps to labels are not, forward or backward: a loop within the list runs in one
/// piece, and while a thread is in one that does not end, memory that was deleted is not used again
/// (that alone; deleting does not wait). So loops of the program's go by an exit to a program
/// address, the tag for example.
///
/// **Traces and superblocks.** weft lays out several blocks one behind the other where the last
/// item of a list, labels aside that nothing leads to, is the block's own last instruction by
/// keep(), or where control runs off the list's end. Each block's list is asked for by itself, with
/// ListUse::kTrace in a trace; there is no list of a whole trace, and no item runs in another order
/// than within its block. Tools are told of the finished trace by Tool::on_trace().
class InstructionList {
 public:
  InstructionList(const InstructionList&) = delete;
  InstructionList& operator=(const InstructionList&) = delete;

  // The block. What its instructions point to is valid during the call.
  virtual Address tag() const = 0;
  virtual Range range() const = 0;
  virtual size_t size() const = 0;
  virtual const Instruction& operator[](size_t index) const = 0;
  virtual ListUse use() const = 0;
  /// The thread that builds it.
  virtual Thread& thread() = 0;
  /// As Block::choose(). A list of a block that has several versions is asked for once for each.
  virtual Case choose(Versions versions) = 0;

  // Items, each behind the one before.
  /// The program's instruction at `pc`, which is one of the block's. May be kept twice, in another
  /// order, or not at all. It behaves as in the program, and a fault shows its address. Other
  /// tools' additions around it come with it.
  virtual void keep(Address pc, uint32_t note = 0) = 0;
  /// An instruction that the tool has the program execute, instead of one of its own or beside
  /// them: mangled as the program's are. rip and gs in it are the program's. Direct jumps,
  /// conditional jumps (loop and jrcxz too) and calls to `target` are exits to that program
  /// address, indirect ones and returns to where they lead; they may stand anywhere, conditional
  /// ones go on with the next item where they do not jump. A direct jump may lead to a label
  /// instead; a call may not. Not for system calls, far transfers, writes of gs's selector and
  /// other instructions that the runtime has to carry out from program memory: those are kept or
  /// left out.
  virtual void application(const ListCode& code) = 0;
  /// An instruction of the tool's own, executed as it stands. gs in it leads to slots. A
  /// rip-relative operand names `target`, an address of the program's or the runtime's; where that
  /// is out of reach it costs two more memory accesses (Lists::near_memory() is in reach). A direct
  /// jump or conditional jump leads to `label`, or to runtime code at `target`, however far; a
  /// direct call pushes an address of the cache on the stack that rsp points to and goes to runtime
  /// code at `target`: whatever that does is not saved, fs is the program's there, the program's
  /// signals wait and are delivered behind the call. Runtime code that was jumped to may come back
  /// to load_address(); signals that come meanwhile are delivered once the thread is in the
  /// dispatcher again. Indirect transfers go where they lead.
  virtual void insert(const ListCode& code) = 0;
  /// Loads the cache's address of the label: changes no flag.
  virtual void load_address(Register to, ListLabel label) = 0;
  virtual void call(const ListCall& call) = 0;
  virtual ListLabel new_label() = 0;
  /// Each label that something leads to is placed once.
  virtual void place(ListLabel label) = 0;

  /// Where control goes that runs off the list's end: a program address. At first the one behind
  /// the block.
  virtual void set_fall_through(Address pc) = 0;
  /// Lives as long as the list's code can be executed, and is told with a fault. Released on any
  /// thread; also if the code is not used after all.
  virtual void set_data(std::shared_ptr<void> data) = 0;

 protected:
  InstructionList() = default;
  ~InstructionList() = default;
};

/// Fills the list. True: the list is the block. False: the block stays as it is, whatever was
/// appended. Runs on many threads at once, sometimes twice for one block (a block that does not fit
/// into a fragment is cut shorter), sometimes without the result being used. It is asked again for
/// each copy of the block that is built. It must not change the program, and may delete fragments.
using ListFunction = bool (*)(InstructionList& list, void* argument);

/// A fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP) in the code of a list.
struct ListFault {
  struct Registers {
    uint64_t general[16] = {};  ///< by Register
    uint64_t flags = 0;
    uint64_t pc = 0;
  };
  enum class Answer : uint8_t {
    kProgram,   ///< it is the program's: `program` is shown to it
    kResume,    ///< the thread goes on with `machine`: its pc is an address in the cache
    kRedirect,  ///< the program goes on with `program`, without a signal
  };
  Thread& thread;
  const siginfo_t& info;
  Address tag = 0;          ///< of the block
  Address translation = 0;  ///< of the item, 0 if it has none
  bool inserted = false;    ///< the item is one of insert(), load_address() or call()
  uint32_t note = 0;        ///< of the item
  void* data = nullptr;     ///< of the list
  /// As the CPU had them at the fault.
  Registers machine = {};
  /// The same with what weft changed for the item undone, and `translation` for a pc. If the list
  /// keeps values of the program's elsewhere at this place, they are to be put in.
  Registers program = {};
};

/// Runs in a signal handler, on the thread, which was in the cache: no lock of the runtime's is
/// held, so it may use C++ and libc, slots of the thread and ListFault::data; it must return, and
/// must not enter the cache or delete.
using ListFaultFunction = ListFault::Answer (*)(ListFault& fault, void* argument);

class Lists {
 public:
  Lists(const Lists&) = delete;
  Lists& operator=(const Lists&) = delete;

  /// Every block is shown to `function`, after the tools' on_block(). In on_start() alone, by one
  /// tool of the process.
  virtual void edit_blocks(ListFunction function, void* argument) = 0;
  /// Faults in edited lists are shown to `function`. Without one the program is shown its state as
  /// ListFault::program has it, and a fault in an inserted item without a translation ends the
  /// process with a line that names the tool; so it does where `function` answers kProgram for such
  /// an item. In on_start() alone.
  virtual void on_fault(ListFaultFunction function, void* argument) = 0;

  /// Slots: words of 8 bytes, each thread's own, 0 when the thread starts. Inserted code reaches
  /// slot i of those that were given by `gs:[offset + 8 * i]`.
  static constexpr uint32_t kSlots = 64;
  /// `count` slots in a row; their offset is a multiple of `alignment` bytes (8 to 64, a power of
  /// two). 0: there are not so many left. Any thread, any time.
  virtual uint32_t new_slots(uint32_t count, uint32_t alignment = 8) = 0;
  /// Threads that run keep what is in them, for whoever gets them next.
  virtual void free_slots(uint32_t offset, uint32_t count) = 0;
  /// The thread's slot at that offset. For the thread itself; for others it is as racy as memory
  /// is.
  virtual uint64_t* slot(Thread& thread, uint32_t offset) = 0;

  /// Memory that inserted code reaches by rip, zero at first, aligned to 64 bytes; never given
  /// back. There are 16 MB, new_counter()'s included; more stop the process. Any thread.
  virtual void* near_memory(size_t bytes) = 0;

  /// dlopen(path, RTLD_NOW | RTLD_LOCAL), which puts the library, its variables with it, below 2 GB
  /// if there is room: inserted code reaches them by their addresses. Null: dlerror() says why. In
  /// on_start() alone.
  virtual void* open_library(const char* path) = 0;

  /// Machine code that makes the call, for code of the tool's own that insert() jumps or calls to:
  /// it runs wherever it lies, goes on behind itself, and keeps all state as in a list. The call's
  /// `translation` has to be given if the function looks at the pc. What the code refers to is
  /// never given back. Any thread.
  virtual std::vector<uint8_t> encode_call(const ListCall& call) = 0;

 protected:
  Lists() = default;
  ~Lists() = default;
};

}  // namespace weft
