package whatsapp

// author says whom a sentence about a deletion names.
type author int

const (
	byOther author = iota
	bySelf         // the one whose export it is
)

// deleted are the sentences that stand for a deleted message.
var deleted = map[string]author{
	"this message was deleted": byOther, "you deleted this message": bySelf,
	"this message was deleted by admin":  byOther,
	"diese nachricht wurde gelöscht":     byOther,
	"du hast diese nachricht gelöscht":   bySelf,
	"se eliminó este mensaje":            byOther,
	"este mensaje fue eliminado":         byOther,
	"eliminaste este mensaje":            bySelf,
	"ce message a été supprimé":          byOther,
	"vous avez supprimé ce message":      bySelf,
	"questo messaggio è stato eliminato": byOther,
	"hai eliminato questo messaggio":     bySelf,
	"esta mensagem foi apagada":          byOther,
	"mensagem apagada":                   byOther,
	"apagou esta mensagem":               bySelf,
	"você apagou esta mensagem":          bySelf,
	"dit bericht is verwijderd":          byOther,
	"u hebt dit bericht verwijderd":      bySelf,
	"je hebt dit bericht verwijderd":     bySelf,
	"данное сообщение удалено":           byOther,
	"вы удалили данное сообщение":        bySelf,
	"tato zpráva byla smazána":           byOther,
	"tuto zprávu jste smazal/a":          bySelf,
	"ta wiadomość została usunięta":      byOther,
	"usunięto tę wiadomość":              bySelf,
	"bu mesaj silindi":                   byOther,
	"bu mesajı sildiniz":                 bySelf,
	"pesan ini dihapus":                  byOther,
	"anda menghapus pesan ini":           bySelf,
	"tin nhắn này đã bị xóa":             byOther,
	"bạn đã xoá tin nhắn này":            bySelf,
	"このメッセージは削除されました":                    byOther,
	"このメッセージを削除しました":                     bySelf,
	"ข้อความนี้ถูกลบแล้ว":                byOther,
	"คุณได้ลบข้อความนี้":                 bySelf,
	"تم حذف هذه الرسالة":                 byOther,
	"أنت حذفت هذه الرسالة":               bySelf,
	"لقد حذَفت هذه الرسالة":              bySelf,
	"此消息已删除":                             byOther, "你已删除此消息": bySelf,
	"삭제된 메시지입니다": byOther, "이 메시지를 삭제했습니다": bySelf,
	"यह संदेश मिटा दिया गया था": byOther, "आपने यह संदेश मिटा दिया": bySelf,
}

// calls are the sentences for a call.
var calls = map[string]bool{
	"missed voice call": true, "missed video call": true, "missed group voice call": true, "missed group video call": true,
	"voice call": true, "video call": true,
	"verpasster sprachanruf": true, "verpasster videoanruf": true,
	"llamada perdida": true, "videollamada perdida": true,
	"appel vocal manqué": true, "appel vidéo manqué": true,
	"chiamata vocale persa": true, "videochiamata persa": true,
	"chamada de voz perdida": true, "chamada de vídeo perdida": true, "ligação de voz perdida": true,
	"gemiste spraakoproep": true, "gemiste video-oproep": true,
	"пропущенный аудиозвонок": true, "пропущенный видеозвонок": true,
	"مكالمة صوتية فائتة": true, "مكالمة فيديو فائتة": true,
}

// edits are the notes at the end of a message that was edited.
var edits = map[string]bool{
	"this message was edited": true, "diese nachricht wurde bearbeitet": true, "se editó este mensaje": true,
	"ce message a été modifié": true, "mensagem editada": true, "esta mensagem foi editada": true,
	"questo messaggio è stato modificato": true, "dit bericht is bewerkt": true, "сообщение изменено": true,
	"данное сообщение изменено": true, "bu mesaj düzenlendi": true, "تم تعديل هذه الرسالة": true, "pesan ini diedit": true,
}
