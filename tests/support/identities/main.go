// Makes an operator, accounts and users for the tests: a server's configuration, JWTs, seeds, credentials. Keys live
// as long as the test's folder.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func write(folder, name, text string) {
	must(0, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
}

func public(key nkeys.KeyPair) string { return must(key.PublicKey()) }
func seed(key nkeys.KeyPair) string   { return string(must(key.Seed())) }

func user(folder, name string, account nkeys.KeyPair, expires int64) {
	key := must(nkeys.CreateUser())
	claims := jwt.NewUserClaims(public(key))
	claims.Name = name
	claims.Expires = expires
	token := must(claims.Encode(account))
	write(folder, name+".jwt", token)
	write(folder, name+".seed", seed(key)+"\n")
	write(folder, name+".creds", string(must(jwt.FormatUserConfig(token, must(key.Seed())))))
}

func account(folder, name string, operator nkeys.KeyPair, jetstream bool) (nkeys.KeyPair, string) {
	key := must(nkeys.CreateAccount())
	claims := jwt.NewAccountClaims(public(key))
	claims.Name = name
	if jetstream {
		claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
	}
	return key, public(key) + ": " + must(claims.Encode(operator))
}

func main() {
	folder := os.Args[1]
	operator := must(nkeys.CreateOperator())
	systemKey, systemLine := account(folder, "SYS", operator, false)
	first, firstLine := account(folder, "A", operator, true)
	_, otherLine := account(folder, "B", operator, true)
	none, noneLine := account(folder, "NONE", operator, false)
	unknown := must(nkeys.CreateAccount())

	claims := jwt.NewOperatorClaims(public(operator))
	claims.Name = "O"
	claims.SystemAccount = public(systemKey)
	write(folder, "server.conf", fmt.Sprintf("operator: %s\nsystem_account: %s\nresolver: MEMORY\nresolver_preload: {\n%s\n%s\n%s\n%s\n}\n",
		must(claims.Encode(operator)), public(systemKey), systemLine, firstLine, otherLine, noneLine))
	user(folder, "alice", first, 0)
	user(folder, "expired", first, time.Now().Add(-time.Hour).Unix())
	user(folder, "short", first, time.Now().Add(12*time.Second).Unix())
	user(folder, "stranger", unknown, 0)
	user(folder, "bare", none, 0)

	key := must(nkeys.CreateUser())
	write(folder, "nkey.public", public(key))
	write(folder, "nkey.seed", seed(key))
	write(folder, "other.seed", seed(must(nkeys.CreateUser())))
	write(folder, "account.seed", seed(must(nkeys.CreateAccount())))
}
