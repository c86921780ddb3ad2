"""Milenage (3GPP TS 35.206): the functions by which an HSS and a USIM know each other. Test code;
the keys are test keys.

AES-128 comes from libcrypto, which the programs under test need anyway."""

import ctypes
import ctypes.util
import os
from dataclasses import dataclass

_crypto = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
for _name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_ecb"):
    getattr(_crypto, _name).restype = ctypes.c_void_p
_crypto.EVP_CIPHER_CTX_free.argtypes = [ctypes.c_void_p]
_crypto.EVP_EncryptInit_ex.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p,
                                       ctypes.c_void_p]
_crypto.EVP_EncryptUpdate.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]


def _aes(key: bytes, block: bytes) -> bytes:
    context = _crypto.EVP_CIPHER_CTX_new()
    out, length = ctypes.create_string_buffer(32), ctypes.c_int()
    good = _crypto.EVP_EncryptInit_ex(context, _crypto.EVP_aes_128_ecb(), None, key, None)
    good = good and _crypto.EVP_EncryptUpdate(context, out, ctypes.byref(length), block, len(block))
    _crypto.EVP_CIPHER_CTX_free(context)
    if not good or length.value != 16:
        raise RuntimeError("libcrypto refused AES-128")
    return out.raw[:16]


def xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def make_opc(k: bytes, op: bytes) -> bytes:
    return xor(_aes(k, op), op)


@dataclass(frozen=True)
class Vector:
    """What an HSS gives an S-CSCF for one try to register."""
    rand: bytes
    autn: bytes
    res: bytes
    ck: bytes
    ik: bytes


class Milenage:
    def __init__(self, k: bytes, opc: bytes):
        self.k, self.opc = k, opc

    def f1(self, rand: bytes, sqn: bytes, amf: bytes) -> tuple[bytes, bytes]:
        """MAC-A (f1) and MAC-S (f1*)."""
        temp = _aes(self.k, xor(rand, self.opc))
        rotated = xor((sqn + amf) * 2, self.opc)
        rotated = rotated[8:] + rotated[:8]
        out = xor(_aes(self.k, xor(temp, rotated)), self.opc)
        return out[:8], out[8:]

    def _out(self, rand: bytes, rotation: int, constant: int) -> bytes:
        temp = xor(_aes(self.k, xor(rand, self.opc)), self.opc)
        temp = temp[rotation:] + temp[:rotation]
        return xor(_aes(self.k, xor(temp, bytes(15) + bytes([constant]))), self.opc)

    def f2(self, rand: bytes) -> bytes:
        return self._out(rand, 0, 1)[8:]

    def f3(self, rand: bytes) -> bytes:
        return self._out(rand, 4, 2)

    def f4(self, rand: bytes) -> bytes:
        return self._out(rand, 8, 4)

    def f5(self, rand: bytes) -> bytes:
        return self._out(rand, 0, 1)[:6]

    def f5_star(self, rand: bytes) -> bytes:
        return self._out(rand, 12, 8)[:6]

    def vector(self, sqn: int, amf: bytes, rand: bytes | None = None) -> Vector:
        rand = rand or os.urandom(16)
        number = sqn.to_bytes(6, "big")
        autn = xor(number, self.f5(rand)) + amf + self.f1(rand, number, amf)[0]
        return Vector(rand, autn, self.f2(rand), self.f3(rand), self.f4(rand))

    def auts(self, rand: bytes, sqn: int) -> bytes:
        """What a USIM answers when the network's number is none that it waits for (TS 33.102, 6.3.3)."""
        number = sqn.to_bytes(6, "big")
        return xor(number, self.f5_star(rand)) + self.f1(rand, number, bytes(2))[1]

    def open_auts(self, rand: bytes, auts: bytes) -> int | None:
        """The USIM's number out of AUTS; None where MAC-S is wrong."""
        number = xor(auts[:6], self.f5_star(rand))
        return int.from_bytes(number, "big") if self.f1(rand, number, bytes(2))[1] == auts[6:] else None
