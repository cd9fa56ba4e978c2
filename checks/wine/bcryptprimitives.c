/* What the standard library needs of bcryptprimitives.dll, which Wine before version 9 lacks: random bytes. */
#include <stddef.h>
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(PVOID bytes, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T length) {
  return SystemFunction036(bytes, (ULONG)length);
}
