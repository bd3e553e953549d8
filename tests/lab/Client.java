/*
 * Client.java: a user at Java's JSSE.  Reads a plan (see work.py) from standard input and does what it says.
 * It is a recording aid: it trusts every certificate.
 */
import java.io.*;
import java.net.Socket;
import java.security.cert.X509Certificate;
import java.util.Base64;
import javax.net.ssl.*;

public class Client {
	static SSLSocketFactory factory;
	static SSLSocket socket;
	static DataInputStream in;

	static class Trust implements X509TrustManager {
		public void checkClientTrusted(X509Certificate[] c, String a) { }
		public void checkServerTrusted(X509Certificate[] c, String a) { }
		public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
	}

	static void dial(String[] arg) throws Exception {
		int port = Integer.parseInt(arg[1]);

		socket = (SSLSocket)factory.createSocket(new Socket(arg[0], port), arg[2], port, true);
		socket.startHandshake();
		in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
	}

	/* Reads one response with a Content-Length; returns its status line. */
	@SuppressWarnings("deprecation")
	static String read() throws Exception {
		String status = in.readLine(), line;
		int length = 0;

		while ((line = in.readLine()) != null && !line.isEmpty())
			if (line.toLowerCase().startsWith("content-length:"))
				length = Integer.parseInt(line.substring(15).trim());
		in.readFully(new byte[length]);
		return status + " " + length;
	}

	public static void main(String[] arg) throws Exception {
		SSLContext ctx = SSLContext.getInstance("TLS");

		ctx.init(null, new TrustManager[] { new Trust() }, null);
		factory = ctx.getSocketFactory();
		BufferedReader plan = new BufferedReader(new InputStreamReader(System.in));
		String line;

		dial(arg);
		while ((line = plan.readLine()) != null) {
			String[] word = line.split(" ");

			Thread.sleep(Integer.parseInt(word[0]));
			if (word[1].equals("new")) {
				socket.close();
				dial(arg);
				continue;
			}
			socket.getOutputStream().write(Base64.getDecoder().decode(word[1]));
			System.out.println(read());
		}
		socket.close();
	}
}
