/* The processor, as CPUID describes it. For any thread at any time. */
#ifndef DR_PROC_H
#define DR_PROC_H

#include "dr_defines.h"

#ifdef __cplusplus
extern "C" {
#endif

/** proc_save_fpstate()'s buffer: bytes and alignment. */
#define DR_FPSTATE_BUF_SIZE 512
#define DR_FPSTATE_ALIGN 16

enum {
  VENDOR_INTEL,
  VENDOR_AMD,
  VENDOR_ARM,
  VENDOR_UNKNOWN,
};

#define FAMILY_LLANO 18
#define FAMILY_ITANIUM_2_DC 17
#define FAMILY_K8_MOBILE 17
#define FAMILY_ITANIUM_2 16
#define FAMILY_K8L 16
#define FAMILY_K8 15
#define FAMILY_PENTIUM_4 15
#define FAMILY_P4 15
#define FAMILY_ITANIUM 7
#define FAMILY_P6 6
#define FAMILY_IVYBRIDGE 6
#define FAMILY_SANDYBRIDGE 6
#define FAMILY_NEHALEM 6
#define FAMILY_CORE_I7 6
#define FAMILY_CORE_2 6
#define FAMILY_CORE 6
#define FAMILY_PENTIUM_M 6
#define FAMILY_PENTIUM_3 6
#define FAMILY_PENTIUM_2 6
#define FAMILY_PENTIUM_PRO 6
#define FAMILY_ATHLON 6
#define FAMILY_K7 6
#define FAMILY_P5 5
#define FAMILY_PENTIUM 5
#define FAMILY_K6 5
#define FAMILY_K5 5
#define FAMILY_486 4
#define MODEL_HASWELL 60
#define MODEL_IVYBRIDGE 58
#define MODEL_I7_WESTMERE_EX 47
#define MODEL_SANDYBRIDGE_E 45
#define MODEL_I7_WESTMERE 44
#define MODEL_SANDYBRIDGE 42
#define MODEL_I7_CLARKDALE 37
#define MODEL_I7_HAVENDALE 31
#define MODEL_I7_CLARKSFIELD 30
#define MODEL_ATOM_CEDARVIEW 54
#define MODEL_ATOM_LINCROFT 38
#define MODEL_ATOM 28
#define MODEL_I7_GAINESTOWN 26
#define MODEL_CORE_PENRYN 23
#define MODEL_CORE_2 15
#define MODEL_CORE_MEROM 15
#define MODEL_CORE 14
#define MODEL_PENTIUM_M 13
#define MODEL_PENTIUM_M_1MB 9

/** Words of CPUID: leaf 1 (edx, ecx), leaf 0x80000001 (edx, ecx), leaf 7 (ebx). */
typedef struct {
  uint flags_edx;
  uint flags_ecx;
  uint ext_flags_edx;
  uint ext_flags_ecx;
  uint sext_flags_ebx;
} features_t;

/** A bit of features_t: its number in the word, plus 32 for each word before it. */
typedef enum {
  FEATURE_FPU = 0,
  FEATURE_VME = 1,
  FEATURE_DE = 2,
  FEATURE_PSE = 3,
  FEATURE_TSC = 4,
  FEATURE_MSR = 5,
  FEATURE_PAE = 6,
  FEATURE_MCE = 7,
  FEATURE_CX8 = 8,
  FEATURE_APIC = 9,
  FEATURE_SEP = 11,
  FEATURE_MTRR = 12,
  FEATURE_PGE = 13,
  FEATURE_MCA = 14,
  FEATURE_CMOV = 15,
  FEATURE_PAT = 16,
  FEATURE_PSE_36 = 17,
  FEATURE_PSN = 18,
  FEATURE_CLFSH = 19,
  FEATURE_DS = 21,
  FEATURE_ACPI = 22,
  FEATURE_MMX = 23,
  FEATURE_FXSR = 24,
  FEATURE_SSE = 25,
  FEATURE_SSE2 = 26,
  FEATURE_SS = 27,
  FEATURE_HTT = 28,
  FEATURE_TM = 29,
  FEATURE_IA64 = 30,
  FEATURE_PBE = 31,
  FEATURE_SSE3 = 32,
  FEATURE_PCLMULQDQ = 33,
  FEATURE_DTES64 = 34,
  FEATURE_MONITOR = 35,
  FEATURE_DS_CPL = 36,
  FEATURE_VMX = 37,
  FEATURE_SMX = 38,
  FEATURE_EST = 39,
  FEATURE_TM2 = 40,
  FEATURE_SSSE3 = 41,
  FEATURE_CID = 42,
  FEATURE_FMA = 44,
  FEATURE_CX16 = 45,
  FEATURE_xTPR = 46,
  FEATURE_PDCM = 47,
  FEATURE_PCID = 49,
  FEATURE_DCA = 50,
  FEATURE_SSE41 = 51,
  FEATURE_SSE42 = 52,
  FEATURE_x2APIC = 53,
  FEATURE_MOVBE = 54,
  FEATURE_POPCNT = 55,
  FEATURE_AES = 57,
  FEATURE_XSAVE = 58,
  FEATURE_OSXSAVE = 59,
  FEATURE_AVX = 60,
  FEATURE_F16C = 61,
  FEATURE_RDRAND = 62,
  FEATURE_SYSCALL = 75,
  FEATURE_XD_Bit = 84,
  FEATURE_MMX_EXT = 86,
  FEATURE_PDPE1GB = 90,
  FEATURE_RDTSCP = 91,
  FEATURE_EM64T = 93,
  FEATURE_3DNOW_EXT = 94,
  FEATURE_3DNOW = 95,
  FEATURE_LAHF = 96,
  FEATURE_SVM = 98,
  FEATURE_LZCNT = 101,
  FEATURE_SSE4A = 102,
  FEATURE_PRFCHW = 104,
  FEATURE_XOP = 107,
  FEATURE_SKINIT = 108,
  FEATURE_FMA4 = 112,
  FEATURE_TBM = 117,
  FEATURE_FSGSBASE = 128,
  FEATURE_BMI1 = 131,
  FEATURE_HLE = 132,
  FEATURE_AVX2 = 133,
  FEATURE_BMI2 = 136,
  FEATURE_ERMSB = 137,
  FEATURE_INVPCID = 138,
  FEATURE_RTM = 139,
  FEATURE_AVX512F = 144,
  FEATURE_AVX512BW = 158,
} feature_bit_t;

typedef enum {
  CACHE_SIZE_8_KB,
  CACHE_SIZE_16_KB,
  CACHE_SIZE_32_KB,
  CACHE_SIZE_64_KB,
  CACHE_SIZE_128_KB,
  CACHE_SIZE_256_KB,
  CACHE_SIZE_512_KB,
  CACHE_SIZE_1_MB,
  CACHE_SIZE_2_MB,
  CACHE_SIZE_UNKNOWN,
  CACHE_SIZE_48_KB,
} cache_size_t;

size_t proc_get_cache_line_size(void);
bool proc_is_cache_aligned(void* addr);
ptr_uint_t proc_bump_to_end_of_cache_line(ptr_uint_t sz);
void* proc_get_containing_page(void* addr);
uint proc_get_vendor(void);
/** Vendors are told apart for decoding in the original; here the processor's own is kept: -1. */
int proc_set_vendor(uint new_vendor);
uint proc_get_family(void);
uint proc_get_type(void);
uint proc_get_model(void);
uint proc_get_stepping(void);
bool proc_has_feature(feature_bit_t feature);
features_t* proc_get_all_feature_bits(void);
char* proc_get_brand_string(void);
cache_size_t proc_get_L1_icache_size(void);
cache_size_t proc_get_L1_dcache_size(void);
cache_size_t proc_get_L2_cache_size(void);
const char* proc_get_cache_size_str(cache_size_t size);
uint proc_get_vector_length_bytes(void);
size_t proc_fpstate_save_size(void);
int proc_num_simd_saved(void);
int proc_num_simd_registers(void);
int proc_num_opmask_registers(void);
/** x87, MMX and SSE state, as fxsave writes it. */
size_t proc_save_fpstate(byte* buf);
void proc_restore_fpstate(byte* buf);
bool proc_avx_enabled(void);
bool proc_avx512_enabled(void);

#ifdef __cplusplus
}
#endif

#endif
