// client.go: a user at Go's crypto/tls.  Reads a plan (see work.py) from standard input and does what it says.
// It is a recording aid: it trusts every certificate.
package main

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func dial(cfg *tls.Config) (*tls.Conn, *bufio.Reader) {
	conn, err := tls.Dial("tcp", os.Args[1], cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("resumed", conn.ConnectionState().DidResume)
	return conn, bufio.NewReader(conn)
}

func main() {
	cfg := &tls.Config{ServerName: os.Args[2], InsecureSkipVerify: true,
		ClientSessionCache: tls.NewLRUClientSessionCache(8)}
	if len(os.Args) > 3 && os.Args[3] == "tls12" {
		cfg.MaxVersion = tls.VersionTLS12
	}
	conn, in := dial(cfg)
	cookie, sid := regexp.MustCompile(`sid=[^\r;]*`), ""
	plan := bufio.NewScanner(os.Stdin)
	for plan.Scan() {
		word := strings.Fields(plan.Text())
		ms, _ := strconv.Atoi(word[0])
		time.Sleep(time.Duration(ms) * time.Millisecond)
		if word[1] == "new" {
			conn.Close()
			conn, in = dial(cfg)
			continue
		}
		request, _ := base64.StdEncoding.DecodeString(word[1])
		if sid != "" {
			request = cookie.ReplaceAll(request, []byte("sid="+sid))
		}
		conn.Write(request)
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		for _, c := range response.Cookies() {
			sid = c.Value
		}
		n, _ := io.Copy(io.Discard, response.Body)
		fmt.Println(response.StatusCode, n)
	}
	conn.Close()
}
