#!/bin/sh
# decoys.sh SOURCE BUILD CC: a host that carries its own secp256k1 functions (as Go nodes do) must not
# capture ours: signing inside such a host gives the known signature.
set -eu
source=$1 build=$2 cc=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/host.c" <<'C'
#include <provernet/provernet.h>
#include <stdlib.h>
#include <string.h>
#define DECOY(name) int name(void); int name(void) { abort(); }
DECOY(secp256k1_context_create)
DECOY(secp256k1_context_randomize)
DECOY(secp256k1_ec_pubkey_create)
DECOY(secp256k1_ecdsa_sign_recoverable)
DECOY(secp256k1_ecdsa_recover)
DECOY(secp256k1_ec_seckey_verify)
DECOY(secp256k1_ec_pubkey_serialize)
int main(void)
{
    uint8_t secret[32], sig[65], who[20], me[20];
    provernet_key *k;
    memset(secret, 0x11, sizeof secret);
    if (provernet_key_new(&k, secret, NULL) || provernet_sign(k, sig, "create_artifact", 15, NULL) ||
        provernet_recover(who, sig, "create_artifact", 15, NULL))
        return 1;
    provernet_key_address(k, me);
    provernet_key_free(k);
    return memcmp(who, me, 20) != 0 || sig[0] != 0x7d || me[0] != 0x19;
}
C
for flags in "" "-rdynamic"; do
  # shellcheck disable=SC2086
  "$cc" -I"$source/include" $flags "$dir/host.c" -o "$dir/host" -L"$build" -lprovernet -Wl,-rpath,"$build"
  "$dir/host"
done
echo "a host's own secp256k1 does not capture ours"
